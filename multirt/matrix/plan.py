"""Say of each cell, before anything of it runs, which wheel it tests or what stands against it.

Pure: what wheels and runtimes say was read before.
"""

from __future__ import annotations

import os
import re
import string
from typing import TYPE_CHECKING

from msgspec.structs import replace

from abi_probe import Cause, Status, differences, examine, promise_of
from multirt.matrix.model import Missing, Package, Planned
from multirt.matrix.pytest_args import OPTIONS
from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.tags import Tag

    from abi_probe import Prospect, Target
    from multirt.matrix.model import Cell, Config, Wheel

_CLAIMS = frozenset({Cause.PACKAGE_PYTHON, Cause.ABI_TAG})
_ABI3T_SINCE = (3, 15)  # PEP 803
_IMPORTLIB = "--import-mode=importlib"
_IMPORT_MODE = re.compile(r"--import-mode[=\s\"',]+(?:importlib|append)\b")
# In the order in which pytest looks, with what makes each its configuration.
_PYTEST_FILES = (
    ("pytest.toml", ""),
    (".pytest.toml", ""),
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
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
        return _unclaimed(cell, wheels, prospect)
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
        judged = (each.detail for each in verdict.warnings)
        warnings = tuple(dict.fromkeys((*judged, *broken)))
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


def _unclaimed(cell: Cell, wheels: Sequence[Wheel], prospect: Prospect) -> Planned:
    """Say why no wheel claims a runtime, by the one that is nearest to it, and what would help."""
    target = prospect.target
    found = [(differences(each.artefact.tags, target)[0], each) for each in wheels]
    nearest, wheel = min(
        found, key=lambda pair: (pair[0].distance, _versions_between(pair[0].tag, target))
    )
    for objection in examine(wheel.artefact, prospect).objections:
        if objection.cause is Cause.PACKAGE_PYTHON:  # no other tag would help
            return Planned(cell=cell, state=State.BLOCKED, reason=objection.detail)
    return Planned(
        cell=cell,
        state=State.BLOCKED,
        reason=f"{wheel.path.name} does not claim it: {nearest.detail}",
        hint=_help(cell, wheel, target),
    )


def _versions_between(tag: Tag, target: Target) -> int:
    """Return how many minor versions a tag is from a runtime; 0 where it names none."""
    minor = tag.interpreter.lstrip(string.ascii_letters)[1:]
    return abs(int(minor) - target.version.minor) if minor.isdigit() else 0


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
    """Return a note for each command that imports the project's folder instead of the wheel.

    `python -m` and `python -c` put the current folder first on `sys.path`, before what is
    installed, a script puts its own; pytest does the same with the folder above the outermost
    package of a test, and with that of a conftest.py.
    """
    names = sorted({name for wheel in wheels for name in wheel.modules})
    there = [name for name in names if (root / name / "__init__.py").is_file()]
    there += [f"{name}.py" for name in names if (root / f"{name}.py").is_file()]
    if not there:
        return ()
    cause = next((each for each in _PUT_FIRST if (root / each).is_file()), None)
    cause = None if _leaves_path(_pytest_options(root)) else cause
    notes: dict[str, str] = {}
    for cell in cells:
        own = None if _leaves_path(cell.set_env.get(OPTIONS, "")) else cause
        for command in cell.commands if cell.package in INSTALLED else ():
            if found := _shadowing(command, root, own):
                notes.setdefault(*found)
    what = f"imports {', '.join(there)} of this folder, not of the wheel: move it into src"
    return tuple(f"{who} {what}{other}" for who, other in notes.items())


def _shadowing(command: Sequence[str], root: Path, cause: str | None) -> tuple[str, str] | None:
    """Return what puts the project's folder on the path of a command, and what would not.

    Args:
        command: its words.
        root: the project's folder, in which it starts.
        cause: what makes pytest put it there; None where nothing does.
    """
    by_pytest = None if _leaves_path(" ".join(command)) else cause
    who, other = None, ""
    match _without_options(command):
        case ["python", "-m", "pytest" | "py.test", *_]:
            mode = f" with {_IMPORTLIB}" if by_pytest else ""
            who, other = "`python -m pytest`", f", or start `pytest` by its own name{mode}"
        case ["python", "-m", "coverage", "run", *words] | ["coverage", "run", *words]:
            # It starts like Python itself what it measures.
            who = "`coverage run`" if "-m" in words or _any_at_top(words, root) else None
        case ["python", "-m", module, *_]:
            who = f"`python -m {module}`"
        case ["python", "-c", *_]:
            who = "`python -c`"
        case ["python", script, *_] if _any_at_top([script], root):
            who = f"`python {script}`"
        case ["pytest" | "py.test", *_] if by_pytest:
            who, other = f"pytest, because of {by_pytest},", f", or give pytest {_IMPORTLIB}"
        case _:
            pass
    return None if who is None else (who, other)


def _any_at_top(words: Sequence[str], root: Path) -> bool:
    """Whether one of some words is a script in the project's own folder."""
    return any(
        word.endswith(".py") and os.path.dirname(os.path.normpath(root / word)) == str(root)  # noqa: PTH120 - links count where they lie
        for word in words
    )


def _without_options(command: Sequence[str]) -> list[str]:
    """Return a command without Python's own options; none where they make its path safe."""
    program, *words = command
    if program not in {"python", "python3"}:
        return list(command)
    while words and words[0].startswith("-") and words[0] not in {"-m", "-c"}:
        if words[0].startswith(("-I", "-P")):
            return []
        del words[: 2 if words[0] in {"-W", "-X"} else 1]
    return ["python", *words]


def _leaves_path(options: str) -> bool:
    """Whether pytest's options keep the folders of tests from the front of the path."""
    return _IMPORT_MODE.search(options) is not None


def _pytest_options(root: Path) -> str:
    """Return the file that configures pytest, with its options; nothing where none does."""
    for name, mark in _PYTEST_FILES:
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if mark in text:
            return text
    return ""
