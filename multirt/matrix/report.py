"""What a run amounts to, as flat values: reports are made of them, and they are read back."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.config.posargs import takes_posargs
from multirt.errors import ExitCode
from multirt.matrix.results import BAD, RAN, TESTS_FAILED, TROUBLE, UNMET, Outcome
from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.model import Wheel
    from multirt.matrix.results import Case, Result, Run
    from multirt.matrix.run_cell import Ran
    from runtimes import Runtime

SIGINT = 2
_OUTPUT = 20_000  # characters of what a cell printed that a report keeps


class WheelRow(Struct, frozen=True, kw_only=True):
    """One wheel under test.

    Attributes:
        file: its name.
        sha256: of it, hexadecimal.
        tags: sorted.
        built_on: the id of the runtime that built it; None for one that was given.
        seconds: that building it took in this run; None when it was not built now.
    """

    file: str
    sha256: str
    tags: tuple[str, ...]
    built_on: str | None
    seconds: float | None


class RuntimeRow(Struct, frozen=True, kw_only=True):
    """One runtime, as far as a result depends on it."""

    id: str
    implementation: str
    implementation_version: str
    version: str
    soabi: str | None
    debug: bool
    free_threaded: bool
    platform: str
    executable: str


class Row(Struct, frozen=True, kw_only=True):
    """What came of one cell; the fields are those of `Cell`, `Planned` and `Result`.

    Attributes:
        wheel: the SHA-256 of what was tested; None when nothing was installed.
        output: the end of what its commands printed; empty for one that passed.
        takes_posargs: some command of it takes the words after `--`.
    """

    name: str
    task: str | None
    asked: str
    runtime: RuntimeRow | None
    axes: tuple[tuple[str, str], ...]
    state: State
    reason: str | None
    hint: str | None
    required: bool
    may_fail: bool
    wheel: str | None
    same: bool
    cases: tuple[Case, ...] | None
    setup: float
    seconds: float
    reused: bool
    command: tuple[str, ...] | None
    output: str
    installed: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    takes_posargs: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether pytest ran and found no test."""
        return self.state is State.FAILED and self.cases == ()

    @property
    def is_told(self) -> bool:
        """Whether its failing tests say all of what went wrong."""
        return self.state is State.FAILED and bool(self.count(*BAD))

    def count(self, *outcomes: Outcome) -> int | None:
        """Return how many tests ended in one of some ways; None where they were not counted."""
        if self.cases is None:
            return None
        return sum(case.outcome in outcomes for case in self.cases)


class Report(Struct, frozen=True, kw_only=True):
    """What a run amounts to.

    Attributes:
        project: its folder's name, or its name where it has one.
        wheels: the one that most runtimes test first.
        rows: of every cell that was meant, in their order.
        excluded: name and reason of what was left out.
        notes: what was taken because nothing was said, and what to know.
        seconds: from start to end.
        interrupted: somebody ended it.
        posargs: the words that went to the tests.
        arguments: the options that decide what a cell does, as they were given.
    """

    project: str
    wheels: tuple[WheelRow, ...]
    rows: tuple[Row, ...]
    excluded: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False
    posargs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def report_of(run: Run, project: str) -> Report:
    """Return what a run amounts to."""
    return Report(
        project=project,
        wheels=tuple(map(_wheel, run.wheels)),
        rows=tuple(map(row_of, run.results)),
        excluded=tuple((each.name, each.reason) for each in run.excluded),
        notes=run.notes,
        seconds=run.seconds,
        interrupted=run.interrupted,
    )


def _wheel(wheel: Wheel) -> WheelRow:
    return WheelRow(
        file=wheel.path.name,
        sha256=wheel.sha256,
        tags=tuple(sorted(map(str, wheel.artefact.tags))),
        built_on=wheel.built_on,
        seconds=wheel.seconds,
    )


def row_of(result: Result) -> Row:
    """Return what came of one cell."""
    planned, cell = result.planned, result.cell
    passed = result.state in {State.PASSED, State.READY}
    return Row(
        name=cell.name,
        task=cell.task,
        asked=cell.asked,
        runtime=_runtime(cell.runtime) if cell.runtime is not None else None,
        axes=cell.axes,
        state=result.state,
        reason=result.reason,
        hint=result.hint,
        required=cell.required,
        may_fail=cell.may_fail,
        wheel=planned.wheel.sha256 if planned.wheel is not None else None,
        same=planned.same,
        cases=result.cases,
        setup=result.setup,
        seconds=result.seconds,
        reused=result.reused,
        command=result.command,
        output="" if passed else result.output[-_OUTPUT:],
        installed=result.installed,
        warnings=planned.warnings,
        takes_posargs=any(map(takes_posargs, cell.commands)),
    )


def with_ran(row: Row, ran: Ran) -> Row:
    """Return what came of a cell whose commands ran."""
    return replace(
        row,
        state=ran.state,
        reason=ran.reason,
        command=ran.command,
        cases=ran.cases,
        seconds=ran.seconds,
        output="" if ran.state is State.PASSED else ran.output[-_OUTPUT:],
        warnings=(*row.warnings, *ran.warnings),
    )


def _runtime(runtime: Runtime) -> RuntimeRow:
    return RuntimeRow(
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


def exit_code(report: Report) -> int:
    """Return the exit code of a run: the first of 1, 3, 4 and 5 that something asks for."""
    if report.interrupted:
        return 128 + SIGINT
    failures = [each for each in report.rows if is_failure(each)]
    states = {each.state for each in failures}
    if any(each.state in TESTS_FAILED and not each.is_empty for each in failures):
        return ExitCode.VIOLATION
    if states & (UNMET | {State.BROKEN_PROMISE}):
        return ExitCode.UNMET
    if states - TESTS_FAILED:
        return ExitCode.BUILD_FAILED
    if not any(each.state in RAN and not each.is_empty for each in report.rows):
        return ExitCode.NOTHING_RAN
    return ExitCode.VIOLATION if failures else 0


def is_failure(row: Row) -> bool:
    """Whether what came of a cell fails the run."""
    if row.may_fail or row.state not in TROUBLE:
        return False
    return row.required or row.state not in UNMET


def conclusion(report: Report) -> str:
    """Say in one line how a run ended: `5 of 7 runtimes passed, 1 failed, 1 blocked`."""
    count = Counter(each.state for each in report.rows)
    good = count.pop(State.PASSED, 0) + count.pop(State.READY, 0)
    rest = [f"{number} {state.value}" for state, number in count.items()]
    excused = sum(each.may_fail and each.state in TESTS_FAILED for each in report.rows)
    plain = all(each.task is None and not each.axes for each in report.rows)
    what = "runtimes" if plain else "cells"
    words = [f"{good} of {len(report.rows)} {what} passed", *rest]
    if excused:
        words.append(f"{excused} of them allowed to fail")
    if report.interrupted and not count[State.INTERRUPTED]:
        words.append("interrupted")
    return ", ".join(words)


class Failing(Struct, frozen=True, kw_only=True):
    """A test that fails somewhere.

    Attributes:
        id: of the test.
        outcomes: by the name of the cell, for all cells where it ran.
        shown: each message once, with the names of the cells that gave it and one text.
    """

    id: str
    outcomes: dict[str, Outcome]
    shown: tuple[tuple[str, tuple[str, ...], str], ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of the cells where it fails."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome in BAD)

    @property
    def everywhere(self) -> bool:
        """Whether it fails in the same way wherever it ran, and that is more than one place."""
        several = len(self.outcomes) > 1 and len(self.shown) == 1
        return several and len(self.cells) == len(self.outcomes)


def failing(rows: Sequence[Row]) -> tuple[Failing, ...]:
    """Return every test that fails somewhere, in the order in which it was met."""
    outcomes: dict[str, dict[str, Outcome]] = {}
    shown: dict[str, dict[str, tuple[list[str], str]]] = {}
    for row in rows:
        for case in row.cases or ():
            outcomes.setdefault(case.id, {})[row.name] = case.outcome
            if case.outcome in BAD:
                ways = shown.setdefault(case.id, {})
                ways.setdefault(case.message, ([], case.text))[0].append(row.name)
    return tuple(
        Failing(
            id=name,
            outcomes=outcomes[name],
            shown=tuple((message, tuple(cells), text) for message, (cells, text) in ways.items()),
        )
        for name, ways in shown.items()
    )


def repeats(report: Report) -> tuple[str, ...]:
    """Return one command line for each cell that went wrong, which does it again.

    What was given is given again; where that was nothing for the tests, and one test failed, only
    that one is run.
    """
    lines = []
    for row in report.rows:
        if row.state in TESTS_FAILED:
            bad = [case.id for case in row.cases or () if case.outcome in BAD]
            narrows = len(bad) == 1 and row.takes_posargs
            words = report.posargs or (bad if narrows else ())
            lines.append(_again(report, "-e", row.name, posargs=words))
    return tuple(lines)


def repeats_all(report: Report) -> str:
    """Return the command line that does again what went wrong in all cells."""
    return _again(report, "--last-failed", posargs=report.posargs)


def _again(report: Report, *chosen: str, posargs: Sequence[str]) -> str:
    after = ["--", *posargs] if posargs else []
    return shlex.join(["multirt", "matrix", *report.arguments, *chosen, *after])
