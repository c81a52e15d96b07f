"""Measure one program on several runtimes, in interleaved rounds."""

from __future__ import annotations

from contextlib import ExitStack
from importlib import resources
from statistics import median
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.errors import ErrorKind, OperationError
from multirt.experiments import pyperf_runner as pyperf
from multirt.experiments.bench_model import (
    IDLE,
    PROCESSOR,
    Bench,
    ExcludedVariant,
    Measurement,
    WarmupCurve,
    content_of,
    program_key,
)
from multirt.experiments.compare import Comparison, Conditions, compare, prepared
from multirt.experiments.pyperf_runner import processor_time
from multirt.experiments.trial import RunOutcome, run_once
from multirt.process.cleanup import temporary_folder
from multirt.program.model import ProgramKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from multirt.experiments.variants import Lineup, Variant


_WARM_ROUNDS = 20
_WARM_SECONDS = 10.0  # after which no further round begins, but for the third


class BenchConfig(Struct, frozen=True, kw_only=True):
    """How much is measured.

    Attributes:
        rounds: in each, every contender has its turn.
        values: of each contender in a round.
        warmups: values that are thrown away before them.
        check: compare the outputs first, and measure only those that agree.
        curves: show how those with a compiler get warm.
        threads: numbers to set the variable to; empty when it is not set.
        variable: the environment variable with the number of threads.
    """

    rounds: int = 10
    values: int = 1
    warmups: int = 0
    check: bool = True
    curves: bool = True
    threads: tuple[int, ...] = ()
    variable: str = "THREADS"


class _Series(Struct, kw_only=True):
    """One contender with its documents, as they come in.

    Attributes:
        contender: who.
        threads: as in `Measurement`.
        task: the program.
        empty: an empty program on the same runtime.
        loops: of both.
        runs: pyperf's documents, the calibration first.
        startups: seconds of the empty program.
        processor: seconds of processor time of a start, one for each round.
        idle: the same of the empty program.
    """

    contender: Variant
    threads: int | None
    task: pyperf.PyperfTask
    empty: pyperf.PyperfTask
    loops: tuple[int, int] = (1, 1)
    runs: list[dict[str, Any]] = field(default_factory=list)
    startups: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)


def bench(
    entrants: Lineup,
    arguments: Sequence[str],
    conditions: Conditions,
    effort: BenchConfig,
    say: Callable[[str], None] = lambda _: None,
) -> Bench:
    """Compare, then measure those that agree with the reference.

    Args:
        entrants: who takes part, the reference first.
        arguments: the program's.
        conditions: the same for all.
        effort: how much is measured.
        say: is called with what is done now.

    Raises:
        MultirtError: pyperf is not here, or the program fails on the reference.
    """
    pyperf.require_pyperf()
    excluded: list[ExcludedVariant] = []
    contenders = entrants.contenders
    if effort.check:
        comparison = compare(entrants, conditions, lambda name: say(f"compares {name}"))
        excluded = list(_excluded(comparison))
        unfit = {each.id for each in excluded}
        contenders = tuple(each for each in contenders if each.id not in unfit)
    with ExitStack() as stack:
        title = entrants.program.title
        lanes = list(_make_series(title, contenders, conditions, effort, stack))
        _calibrate(lanes, say)
        for number in range(effort.rounds):
            turn = number % max(len(lanes), 1)  # none always comes first
            for lane in (*lanes[turn:], *lanes[:turn]):
                say(f"round {number + 1} of {effort.rounds}: {lane.contender.id}")
                _round(lane, effort)
        measured = tuple(_measured(lane) for lane in lanes)
    if effort.curves and entrants.program.entry.kind is ProgramKind.SCRIPT:
        measured = tuple(_with_curves(measured, conditions, say))
    return Bench(
        program=program_key(entrants.program),
        arguments=tuple(arguments),
        content=content_of(entrants.program),
        measured=measured,
        excluded=tuple(excluded),
        checked=effort.check,
    )


def _excluded(comparison: Comparison) -> Iterator[ExcludedVariant]:
    """Yield who differs from the reference, which itself must end well.

    Raises:
        MultirtError: it does not.
    """
    reference = comparison.outcomes[0][1]
    if reference.exit_code != 0:
        name = comparison.outcomes[0][0]
        lines = reference.stderr.text.strip().splitlines()
        message = f"cannot measure what fails: {name}: {reference.ending}"
        hint = comparison.remark or (lines[-1] if lines else None)
        raise OperationError(message, hint, kind=ErrorKind.BENCH)
    for group in comparison.groups[1:]:
        difference = group.difference
        where = difference.where if difference is not None else "exit"
        failed = group.outcome.exit_code != 0
        reason = group.outcome.ending if failed else f"another {where} than the reference"
        for name in group.members:
            yield ExcludedVariant(id=name, reason=reason)


def _make_series(
    title: str,
    contenders: Sequence[Variant],
    conditions: Conditions,
    effort: BenchConfig,
    stack: ExitStack,
) -> Iterator[_Series]:
    """Yield each contender with what is to be started."""
    workdir = stack.enter_context(temporary_folder())
    (workdir / "empty.py").write_text("", encoding="utf-8")
    for threads in effort.threads or (None,):
        for contender in contenders:
            start = stack.enter_context(prepared(contender, conditions))
            extra = {effort.variable: str(threads)} if threads is not None else {}
            task = pyperf.PyperfTask(
                name=title,
                command=start.command,
                environment={**start.environment, **extra},
                folder=start.folder,
                seconds=conditions.seconds,
            )
            command = (*contender.interpreter, str(workdir / "empty.py"))
            empty = replace(task, name="start-up", command=command, folder=workdir)
            yield _Series(contender=contender, threads=threads, task=task, empty=empty)


def _calibrate(lanes: Sequence[_Series], say: Callable[[str], None]) -> None:
    """Find how many starts make one value, for each lane by itself."""
    for lane in lanes:
        say(f"calibrates {lane.contender.id}")
        run = pyperf.calibrate(lane.task)
        lane.runs.append(run)
        empty = pyperf.calibrate(lane.empty)
        lane.loops = (_loops(run), _loops(empty))


def _loops(document: dict[str, Any]) -> int:
    return int(document["metadata"]["calibrate_loops"])


def _round(lane: _Series, effort: BenchConfig) -> None:
    """Measure the program and its runtime's start-up, one next to the other."""
    loops, empty = lane.loops
    lane.runs.append(pyperf.measure(lane.task, loops, effort.values, effort.warmups))
    startup = pyperf.measure(lane.empty, empty, 1, 0)
    lane.startups += _values(startup)
    # Half as many starts: one of a short program says little, and all would take as long again.
    lane.processor.append(processor_time(lane.task, (loops + 1) // 2))
    lane.idle.append(processor_time(lane.empty, (empty + 1) // 2))


def _values(document: dict[str, Any]) -> list[float]:
    """Return the values of a document with one run."""
    return [float(each) for each in document["benchmarks"][0]["runs"][0]["values"]]


def _measured(lane: _Series) -> Measurement:
    """Return what a lane came to."""
    runtime = lane.contender.runtime
    threads = {"multirt_threads": str(lane.threads)} if lane.threads is not None else {}
    metadata = {
        "multirt_runtime": lane.contender.id,
        "multirt_startup": f"{median(lane.startups):.6f} s",
        PROCESSOR: _written(lane.processor),
        IDLE: _written(lane.idle),
        "python_implementation": runtime.implementation.name,
        "python_version": str(runtime.version),
        "python_executable": str(lane.contender.plan.executable),
        **threads,
    }
    document = pyperf.joined(lane.runs, metadata)
    memory = [run["metadata"].get("command_max_rss") for run in lane.runs]
    return Measurement(
        contender=lane.contender,
        threads=lane.threads,
        rounds=tuple(tuple(_values(run)) for run in lane.runs[1:]),
        startup=tuple(lane.startups),
        processor=tuple(lane.processor),
        idle=tuple(lane.idle),
        loops=lane.loops[0],
        memory=max((int(each) for each in memory if each), default=None),
        warnings=pyperf.instabilities(document),
        document=document,
    )


def _written(times: Sequence[float]) -> str:
    """Write times as metadata of pyperf's, which has no lists."""
    return " ".join(f"{each:.6f}" for each in times)


def _with_curves(
    measured: Sequence[Measurement], conditions: Conditions, say: Callable[[str], None]
) -> Iterator[Measurement]:
    """Add a curve to each with a compiler, and to the reference next to them."""
    compiled = any(each.contender.compiles for each in measured)
    for index, each in enumerate(measured):
        if compiled and each.threads is None and (each.contender.compiles or index == 0):
            say(f"warms up {each.contender.id}")
            yield replace(each, curve=_warm_up(each.contender, conditions))
        else:
            yield each


def _warm_up(contender: Variant, conditions: Conditions) -> WarmupCurve:
    """Run a contender's script again and again in one process.

    Its functions stay the same objects, so a compiler finds them again; modules stay imported. A
    program that cannot be run twice in one process gives the rounds that went well.
    """
    with temporary_folder() as workdir:
        output, driver = workdir / "times", workdir / "driver.py"
        script = resources.files("multirt.experiments") / "warmup_driver.py.txt"
        driver.write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
        with prepared(contender, conditions) as start:
            skipped = len(contender.interpreter)
            command = (
                *contender.interpreter,
                *(str(driver), str(output), str(_WARM_SECONDS), str(_WARM_ROUNDS)),
                *start.command[skipped:],
            )
            seconds = conditions.seconds * 3 + _WARM_SECONDS
            outcome = run_once(replace(start, command=command, seconds=seconds))
        lines = output.read_text(encoding="utf-8").split() if output.exists() else []
    times = tuple(float(line) for line in lines)
    return WarmupCurve(seconds=times, trouble=_why_ended(outcome))


def _why_ended(outcome: RunOutcome) -> str | None:
    """Say why the rounds ended."""
    if outcome.exit_code == 0:
        return None
    printed = outcome.stderr.text.strip().splitlines()
    return f"{outcome.ending}{': ' + printed[-1] if printed else ''}"
