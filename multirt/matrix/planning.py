"""Say of each cell, before anything of it runs, which wheel it tests or what stands against it.

Pure: what wheels and runtimes say was read before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from abi_probe import Cause, Status, differences, examine, promise_of
from multirt.matrix.model import Missing, Package, Planned
from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from abi_probe import Prospect, Target
    from multirt.matrix.model import Cell, Config, Wheel

_CLAIMS = frozenset({Cause.PACKAGE_PYTHON, Cause.ABI_TAG})
_ABI3T_SINCE = (3, 15)  # PEP 803
_PUT_FIRST = ("conftest.py", "tests/__init__.py", "test/__init__.py")
INSTALLED = frozenset({Package.WHEEL, Package.SDIST_WHEEL})


def plan(
    cells: Sequence[Cell],
    wheels: Sequence[Wheel],
    prospects: Mapping[str, Prospect],
    config: Config,
) -> tuple[Planned, ...]:
    """Return every cell with its wheel, or with the reason why it cannot be tested.

    Args:
        cells: those that are meant.
        wheels: the one that most runtimes test first.
        prospects: by the id of the runtime, for all of the cells' runtimes.
        config: says what a missing runtime means.
    """
    return tuple(_planned(cell, wheels, prospects, config) for cell in cells)


def _planned(
    cell: Cell, wheels: Sequence[Wheel], prospects: Mapping[str, Prospect], config: Config
) -> Planned:
    runtime = cell.runtime
    if runtime is None:
        state = State.SKIPPED if config.missing is Missing.SKIP else State.MISSING
        hint = "`multirt list --all` shows what is here and what could not be used"
        reason = f"no runtime here fits {cell.asked}"
        return Planned(cell=cell, state=state, reason=reason, hint=hint)
    if "venv" not in runtime.stdlib:
        reason = f"{runtime.id} has no venv module, so it makes no environments"
        return Planned(cell=cell, state=State.BLOCKED, reason=reason)
    if cell.package not in INSTALLED or not wheels:
        return Planned(cell=cell, state=State.READY)
    prospect = prospects[runtime.id]
    chosen = _best(wheels, prospect.target)
    if chosen is None:
        return _unclaimed(cell, wheels[0], prospect.target)
    judged = _judged(cell, chosen, prospect)
    return replace(judged, same=chosen is wheels[0])


def _best(wheels: Sequence[Wheel], target: Target) -> Wheel | None:
    """Return the wheel that an installer would take, None when none claims the runtime."""
    places = {tag: place for place, tag in enumerate(target.tags)}
    found = [
        (min(places[tag] for tag in fitting), order)
        for order, wheel in enumerate(wheels)
        if (fitting := [tag for tag in wheel.artefact.tags if tag in places])
    ]
    return wheels[min(found)[1]] if found else None


def _judged(cell: Cell, wheel: Wheel, prospect: Prospect) -> Planned:
    """Judge a wheel on a runtime that its tags claim."""
    verdict = examine(wheel.artefact, prospect)
    if verdict.status not in {Status.INCOMPATIBLE, Status.UNKNOWN}:
        broken = tuple(
            f"{each.path}: {each.reason}"
            for extension in wheel.artefact.extensions
            for each in promise_of(extension, wheel.artefact).violations
        )
        warnings = tuple(dict.fromkeys((*verdict.warnings, *broken)))
        return Planned(cell=cell, state=State.READY, wheel=wheel, warnings=warnings)
    first = verdict.objections[0]
    if first.cause is Cause.PACKAGE_PYTHON:
        return Planned(cell=cell, state=State.BLOCKED, wheel=wheel, reason=first.detail)
    named = ", ".join(sorted(map(str, wheel.artefact.tags))[:3])
    return Planned(
        cell=cell,
        state=State.BROKEN_PROMISE,
        wheel=wheel,
        reason=f"the wheel is tagged {named}, but {first.detail}",
        hint="mend the tag or the binary; `multirt probe` of the wheel shows all reasons",
    )


def _unclaimed(cell: Cell, wheel: Wheel, target: Target) -> Planned:
    """Say why no wheel claims a runtime, and what would help."""
    nearest = differences(wheel.artefact.tags, target)
    detail = f"{wheel.path.name} does not claim it: {nearest[0].detail}" if nearest else None
    return Planned(
        cell=cell,
        state=State.BLOCKED,
        reason=detail or f"{wheel.path.name} does not claim it",
        hint=_help(cell, wheel, target),
    )


def _help(cell: Cell, wheel: Wheel, target: Target) -> str:
    """Say what would make a runtime testable."""
    version = (target.version.major, target.version.minor)
    digits = f"{version[0]}{version[1]}"
    stable = any(tag.abi == "abi3" for tag in wheel.artefact.tags)
    own = f'own-wheel = ["{cell.asked if cell.asked != "auto" else cell.name}"] builds one here'
    if target.implementation == "cpython" and target.free_threaded and stable:
        also = " or abi3t" if version >= _ABI3T_SINCE else ", or abi3t for 3.15"
        return f"build cp{digits}t{also}; {own}"
    if target.implementation != "cpython":
        tag = {"pypy": "pp"}.get(target.implementation, target.implementation)
        return f"build {tag}{digits}; {own}"
    return f"build one that {version[0]}.{version[1]} loads"


def under_test(planned: Planned, wheels: Sequence[Wheel]) -> Wheel | None:
    """Return the wheel whose requirements a cell's environment holds, None when it has none."""
    if planned.cell.package is Package.DEPS_ONLY:
        return wheels[0] if wheels else None
    return planned.wheel if planned.cell.package in INSTALLED else None


def hollow(wheels: Sequence[Wheel]) -> tuple[str, ...]:
    """Say which wheels are tied to an ABI and hold no extension that would need it.

    Some projects leave out an extension that does not compile, and tag the wheel as if it had.
    """
    return tuple(
        f"{wheel.path.name} is tagged for an ABI and holds no extension: did one not compile?"
        for wheel in wheels
        if not (wheel.artefact.extensions or wheel.artefact.libraries)
        and all(tag.abi != "none" for tag in wheel.artefact.tags)
    )


def shadows(root: Path, wheels: Sequence[Wheel], cells: Sequence[Cell]) -> tuple[str, ...]:
    """Say where the tests import the project's folder instead of the wheel.

    `python -m` puts the current folder first on `sys.path`, before what is installed; pytest does
    the same with the folder above the outermost package of a test, and with that of a conftest.py.
    """
    names = sorted({name for wheel in wheels for name in wheel.modules})
    there = [name for name in names if (root / name / "__init__.py").is_file()]
    there += [f"{name}.py" for name in names if (root / f"{name}.py").is_file()]
    commands = [command for cell in cells if cell.package in INSTALLED for command in cell.commands]
    cause = next((each for each in _PUT_FIRST if (root / each).is_file()), None)
    by_pytest = cause is not None and any(map(_takes_folders, commands))
    by_python = any(command[:2] == ("python", "-m") for command in commands)
    if not there or not (by_python or by_pytest):
        return ()
    who = "`python -m`" if by_python else f"pytest, because of {cause},"
    other = "give pytest --import-mode=importlib" if by_pytest else "start `pytest` by its own name"
    what = f"{who} imports {', '.join(there)} of this folder, not of the wheel"
    return (f"{what}: move it into src, or {other}",)


def _takes_folders(command: Sequence[str]) -> bool:
    """Whether a command is pytest, and puts the folders of tests on the path."""
    is_pytest = command[0] == "pytest" or command[:3] == ("python", "-m", "pytest")
    return is_pytest and not any("importlib" in word for word in command)
