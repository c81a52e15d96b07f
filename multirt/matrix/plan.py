"""Say of each cell, before anything of it runs, which wheel it tests or what rules out it.

Pure: what wheels and runtimes say was read before.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from msgspec.structs import replace

from abi_probe import Cause, Objection, Status, check_stable_abi, differences, judge_linked
from multirt.config.posargs import takes_posargs
from multirt.matrix.cells import NO_VENV
from multirt.matrix.model import (
    CellPlan,
    CellReport,
    CellRuntime,
    CellState,
    InstallMode,
    MissingRuntimePolicy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abi_probe import RuntimeTarget, Target
    from abi_probe.tags import Tag
    from multirt.matrix.model import Cell, Config, Wheel
    from runtimes import Runtime

_ABI3T_SINCE = (3, 15)  # PEP 803
INSTALLED = frozenset({InstallMode.WHEEL, InstallMode.SDIST_WHEEL})


def plan(
    cells: Sequence[Cell],
    wheels: Sequence[Wheel],
    prospects: Mapping[str, RuntimeTarget],
    config: Config,
) -> tuple[CellPlan, ...]:
    """Return every cell with its wheel, or with the reason why it cannot be tested.

    Args:
        cells: those that are meant.
        wheels: the one that most runtimes test first.
        prospects: by the id of the runtime, for all of the cells' runtimes.
        config: says what a missing runtime means.
    """
    return tuple(_planned(cell, wheels, prospects, config) for cell in cells)


def _planned(
    cell: Cell, wheels: Sequence[Wheel], prospects: Mapping[str, RuntimeTarget], config: Config
) -> CellPlan:
    runtime = cell.runtime
    if runtime is None:
        state = (
            CellState.SKIPPED if config.missing is MissingRuntimePolicy.SKIP else CellState.MISSING
        )
        absent = Objection(
            cause=Cause.SPEC,
            facts=(("spec", cell.asked),),
            need=f"no runtime here fits {cell.asked}",
            help="`multirt list --all` shows the runtimes and the rejected candidates",
        )
        return plan_cell(cell, state, absent)
    if "venv" not in runtime.stdlib:
        no_venv = Objection(cause=Cause.STDLIB, facts=(("module", "venv"),), need=NO_VENV)
        return plan_cell(cell, CellState.BLOCKED, no_venv)
    if cell.package not in INSTALLED or not wheels:
        return plan_cell(cell)
    prospect = prospects[runtime.id]
    chosen = _best_wheel(wheels, prospect.target)
    if chosen is None:
        return _unclaimed(cell, wheels, prospect)
    judged = _judged(cell, chosen, prospect)
    report = replace(judged.report, wheel=chosen.sha256, same=chosen is wheels[0])
    return replace(judged, report=report, modules=chosen.modules)


def _best_wheel(wheels: Sequence[Wheel], target: Target) -> Wheel | None:
    """Return the wheel that an installer would take, None when none claims the runtime."""
    positions = {tag: position for position, tag in enumerate(target.tags)}
    found = [
        (min(positions[tag] for tag in fitting), order)
        for order, wheel in enumerate(wheels)
        if (fitting := [tag for tag in wheel.artifact.tags if tag in positions])
    ]
    return wheels[min(found)[1]] if found else None


def _judged(cell: Cell, wheel: Wheel, prospect: RuntimeTarget) -> CellPlan:
    """Judge a wheel on a runtime that its tags claim."""
    verdict = judge_linked(wheel.artifact, prospect)
    if verdict.status not in {Status.INCOMPATIBLE, Status.UNKNOWN}:
        broken = tuple(
            f"{each.path}: {each.reason}"
            for extension in wheel.artifact.extensions
            for each in check_stable_abi(extension, wheel.artifact).violations
        )
        judged = (each.detail for each in verdict.warnings)
        warnings = tuple(dict.fromkeys((*judged, *broken)))
        return plan_cell(cell, warnings=warnings)
    first = verdict.objections[0]
    if first.cause is Cause.PACKAGE_PYTHON:
        return plan_cell(cell, CellState.BLOCKED, replace(first, help=None))
    named = ", ".join(sorted(map(str, wheel.artifact.tags))[:3])
    broken_promise = replace(
        first,
        need=f"the wheel is tagged {named}, but {first.need}",
        help="mend the tag or the binary; `multirt probe` of the wheel shows all reasons",
    )
    return plan_cell(cell, CellState.BROKEN_PROMISE, broken_promise)


def _unclaimed(cell: Cell, wheels: Sequence[Wheel], prospect: RuntimeTarget) -> CellPlan:
    """Say why no wheel claims a runtime, by the one that is nearest to it, and what would help."""
    target = prospect.target
    found = [(differences(each.artifact.tags, target)[0], each) for each in wheels]
    nearest, wheel = min(
        found, key=lambda pair: (pair[0].distance, _versions_between(pair[0].tag, target))
    )
    for objection in judge_linked(wheel.artifact, prospect).objections:
        if objection.cause is Cause.PACKAGE_PYTHON:  # no other tag would help
            return plan_cell(cell, CellState.BLOCKED, replace(objection, help=None))
    unclaimed = Objection(
        cause=Cause.ABI_TAG,
        facts=(("tag", str(nearest.tag)), ("part", nearest.part)),
        need=f"{wheel.path.name} does not claim it: {nearest.need}",
        here=nearest.here,
        help=_help(cell, wheel, target),
    )
    return plan_cell(cell, CellState.BLOCKED, unclaimed)


def _versions_between(tag: Tag, target: Target) -> int:
    """Return how many minor versions a tag is from a runtime; 0 where it names none."""
    minor = tag.interpreter.lstrip(string.ascii_letters)[1:]
    return abs(int(minor) - target.version.minor) if minor.isdigit() else 0


def _help(cell: Cell, wheel: Wheel, target: Target) -> str:
    """Say what would make a runtime testable."""
    version = (target.version.major, target.version.minor)
    digits = f"{version[0]}{version[1]}"
    stable = any(tag.abi == "abi3" for tag in wheel.artifact.tags)
    own = f'own-wheel = ["{cell.asked if cell.asked != "auto" else cell.name}"] builds one here'
    if target.implementation == "cpython" and target.free_threaded and stable:
        also = " or abi3t" if version >= _ABI3T_SINCE else ", or abi3t for 3.15"
        return f"build cp{digits}t{also}; {own}"
    if target.implementation != "cpython":
        tag = {"pypy": "pp"}.get(target.implementation, target.implementation)
        return f"build {tag}{digits}; {own}"
    return f"build one that {version[0]}.{version[1]} loads"


def plan_cell(
    cell: Cell,
    state: CellState = CellState.READY,
    objection: Objection | None = None,
    warnings: tuple[str, ...] = (),
) -> CellPlan:
    """Return the plan of a cell that tests no wheel, or none yet."""
    runtime = cell.runtime
    return CellPlan(
        report=CellReport(
            name=cell.name,
            task=cell.task,
            asked=cell.asked,
            runtime=_runtime(runtime) if runtime is not None else None,
            axes=dict(cell.axes),
            state=state,
            reason=objection.detail if objection is not None else None,
            hint=objection.help if objection is not None else None,
            objection=objection,
            required=cell.required,
            may_fail=cell.may_fail,
            wheel=None,
            same=False,
            cases=None,
            setup=0.0,
            seconds=0.0,
            reused=False,
            command=None,
            output="",
            installed={},
            warnings=warnings,
            takes_posargs=any(map(takes_posargs, cell.commands)),
        ),
        commands=cell.commands,
        set_env=dict(cell.set_env),
        pass_env=cell.pass_env,
        timeout=cell.timeout,
        grace=cell.grace,
        gil_off=cell.gil_off,
        version=(runtime.version.major, runtime.version.minor) if runtime is not None else None,
    )


def _runtime(runtime: Runtime) -> CellRuntime:
    return CellRuntime(
        id=runtime.id,
        implementation=runtime.implementation.name,
        implementation_version=runtime.implementation.version,
        version=str(runtime.version),
        soabi=runtime.abi.soabi,
        debug=runtime.abi.debug,
        free_threaded=runtime.abi.free_threaded,
        platform=runtime.platform.tag,
        executable=str(runtime.executable),
    )


def under_test(cell: Cell, plan: CellPlan, wheels: Sequence[Wheel]) -> Wheel | None:
    """Return the wheel whose requirements a cell's environment holds, None when it has none."""
    if cell.package is InstallMode.DEPS_ONLY:
        return wheels[0] if wheels else None
    return next((each for each in wheels if each.sha256 == plan.report.wheel), None)


def wheels_without_extensions(wheels: Sequence[Wheel]) -> tuple[str, ...]:
    """Say which wheels are tied to an ABI and hold no extension that would need it.

    Some projects leave out an extension that does not compile, and tag the wheel as if it had.
    """
    return tuple(
        f"{wheel.path.name} is tagged for an ABI and holds no extension: did one not compile?"
        for wheel in wheels
        if not (wheel.artifact.extensions or wheel.artifact.libraries)
        and all(tag.abi != "none" for tag in wheel.artifact.tags)
    )
