"""Derive from a report its exit code, its conclusion and its failing tests."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from multirt.errors import ErrorKind, ExitCode, InputError
from multirt.matrix.model import (
    BAD,
    RAN,
    TESTS_FAILED,
    TROUBLE,
    UNMET,
    CellState,
    MatrixReport,
    TestOutcome,
    WheelReport,
)
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from multirt.matrix.model import CellReport, Excluded, Wheel

_HINT = "build it in one job and test that file in the others: --wheel FILE"


def merge(reports: Sequence[tuple[str, MatrixReport]]) -> MatrixReport:
    """Return one report of several.

    Args:
        reports: each with the name of its file, for messages.

    Raises:
        MultirtError: they are of different projects, a wheel of one name has different contents,
            or a cell is in two of them.
    """
    first_name, first = reports[0]
    wheels: dict[str, tuple[WheelReport, str]] = {}
    releases: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, report in reports:
        if report.project != first.project:
            message = f"{first_name} is of {first.project}, {name} of {report.project}"
            raise InputError(message, kind=ErrorKind.MERGE)
        for wheel in report.wheels:
            releases.setdefault("-".join(wheel.file.split("-")[:2]), name)
            if len(releases) > 1:
                (one, here), (other, there) = releases.items()
                message = f"different wheels: {one} in {here}, {other} in {there}"
                raise InputError(message, _HINT, kind=ErrorKind.MERGE)
            known, where = wheels.setdefault(wheel.file, (wheel, name))
            if known.sha256 != wheel.sha256:
                raise InputError(
                    f"different wheels: {wheel.file} has sha256 {known.sha256[:12]} in {where},"
                    f" {wheel.sha256[:12]} in {name}",
                    _HINT,
                    kind=ErrorKind.MERGE,
                )
        for row in report.cells:
            if row.name in found:
                raise InputError(
                    f"{row.name} is in {found[row.name]} and in {name}", kind=ErrorKind.MERGE
                )
            found[row.name] = name
    return MatrixReport(
        project=first.project,
        wheels=tuple(wheel for wheel, _ in wheels.values()),
        cells=tuple(row for _, report in reports for row in report.cells),
        excluded=tuple(dict.fromkeys(each for _, report in reports for each in report.excluded)),
        notes=tuple(dict.fromkeys(each for _, report in reports for each in report.notes)),
        seconds=max(report.seconds for _, report in reports),
        interrupted=any(report.interrupted for _, report in reports),
        posargs=first.posargs if len({report.posargs for _, report in reports}) == 1 else (),
        arguments=first.arguments if len({report.arguments for _, report in reports}) == 1 else (),
    )


SIGINT = 2
_STARTED = TESTS_FAILED | {CellState.PASSED, CellState.INTERRUPTED}


def wheel_report(wheel: Wheel) -> WheelReport:
    """Return a wheel as reports name it."""
    return WheelReport(
        file=wheel.path.name,
        sha256=wheel.sha256,
        tags=tuple(sorted(map(str, wheel.artifact.tags))),
        built_on=wheel.built_on,
        seconds=wheel.seconds,
    )


def exit_code(report: MatrixReport) -> int:
    """Return the exit code of a run: the first of 1, 3, 4 and 5 that something asks for."""
    if report.interrupted:
        return 128 + SIGINT
    failures = [each for each in report.cells if is_failure(each)]
    states = {each.state for each in failures}
    if any(each.state in TESTS_FAILED and not each.is_empty for each in failures):
        return ExitCode.VIOLATION
    if states & (UNMET | {CellState.BROKEN_PROMISE}):
        return ExitCode.UNMET
    if states - TESTS_FAILED:
        return ExitCode.BUILD_FAILED
    if not any(each.state in RAN and not each.is_empty for each in report.cells):
        return ExitCode.NOTHING_RAN
    return ExitCode.VIOLATION if failures else 0


def is_failure(row: CellReport) -> bool:
    """Return whether the result of a cell fails the run."""
    if row.may_fail or row.state not in TROUBLE:
        return False
    return row.required or row.state not in UNMET


def gil_state(cell: CellReport) -> str:
    """Say whether the GIL stayed off; empty for a cell that has to have one, or that did not run.

    `GIL off`, `GIL on: turned on by demo._c`, or `GIL unknown` where no Python told.
    """
    if cell.runtime is None or not cell.runtime.free_threaded or cell.state not in _STARTED:
        return ""
    if cell.gil is None:
        return "GIL unknown"
    if not cell.gil.enabled:
        return "GIL off"
    return f"GIL on: turned on by {cell.gil.module}" if cell.gil.module else "GIL on"


def summary_line(report: MatrixReport) -> str:
    """Say in one line how a run ended: `5 of 7 runtimes passed, 1 failed, 1 blocked`."""
    count = Counter(each.state for each in report.cells)
    good = count.pop(CellState.PASSED, 0) + count.pop(CellState.READY, 0)
    rest = [f"{number} {state.value}" for state, number in count.items()]
    excused = sum(each.may_fail and each.state in TESTS_FAILED for each in report.cells)
    plain = all(each.task is None and not each.axes for each in report.cells)
    what = "runtimes" if plain else "cells"
    parts = [f"{good} of {len(report.cells)} {what} passed", *rest]
    if excused:
        parts.append(f"{excused} of them allowed to fail")
    if report.interrupted and not count[CellState.INTERRUPTED]:
        parts.append("interrupted")
    return ", ".join(parts)


def grouped(
    cells: Iterable[CellReport], key: Callable[[CellReport], object]
) -> list[list[CellReport]]:
    """Return cells with equal keys together, in the order of the first of each."""
    groups: dict[object, list[CellReport]] = {}
    for each in cells:
        groups.setdefault(key(each), []).append(each)
    return list(groups.values())


def reason_key(cell: CellReport) -> tuple[object, ...]:
    """Return what is equal for cells in the same state for the same reason."""
    found = cell.objection
    about = (found.cause, found.facts, found.path, found.symbol) if found else (cell.reason,)
    return cell.state, cell.may_fail, *about


def row_key(cell: CellReport) -> tuple[object, ...]:
    """Return what is equal for cells that share a row: those that could not be tested."""
    return (cell.name,) if cell.objection is None or cell.cases is not None else reason_key(cell)


def shared_reason(cells: Sequence[CellReport]) -> tuple[str, str]:
    """Return the reason and the hint of cells whose `reason_key` is equal; empty for none."""
    first = cells[0]
    reason, hint = first.reason or "", first.hint or ""
    if first.objection is not None and any(each.reason != first.reason for each in cells):
        reason = first.objection.need
    if hint and any(each.hint != first.hint for each in cells):
        hint = f"{first.name}: {hint}"
    return reason, hint


def cell_ranges(cells: Sequence[CellReport], report: MatrixReport) -> str:
    """Return the names of some cells of a report, runtimes that follow each other as a range."""
    names = []
    for alike in grouped(cells, _variant):
        ids = [each.runtime.id for each in alike if each.runtime is not None]
        if len(cells) == 1 or alike[0].task is not None or not ids:
            names += [each.name for each in alike]
        else:
            values = "-".join(f"{axis}{value}" for axis, value in alike[0].axes.items())
            names.append(f"{values} on " * bool(values) + runtime_ranges(ids, all_ids(report)))
    return ", ".join(names)


def excluded_ranges(excluded: Iterable[Excluded], among: Sequence[str]) -> list[tuple[str, str]]:
    """Return the cells that were left out for a reason, by their names, with that reason.

    Args:
        excluded: the cells.
        among: ids of all runtimes, for ranges.
    """
    reasons: dict[str, list[Excluded]] = {}
    for each in excluded:
        reasons.setdefault(each.reason, []).append(each)
    found = []
    for reason, alike in reasons.items():
        ids = [each.runtime for each in alike if each.runtime is not None]
        names = [each.name for each in alike if each.runtime is None or len(ids) == 1]
        if len(ids) > 1:
            names.insert(0, runtime_ranges(ids, among))
        found.append((", ".join(names), reason))
    return found


def all_ids(report: MatrixReport) -> list[str]:
    """Return the runtimes of a report, those that were left out too."""
    ids = [each.runtime.id for each in report.cells if each.runtime is not None]
    return ids + [each.runtime for each in report.excluded if each.runtime is not None]


def _variant(cell: CellReport) -> tuple[object, ...]:
    """Return what a cell is besides its runtime."""
    return cell.runtime is None, cell.task, *cell.axes.items()


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A test that fails somewhere.

    Attributes:
        id: of the test.
        outcomes: by the name of the cell, for all cells where it ran.
        shown: each message once, with the names of the cells that gave it and one text.
    """

    id: str
    outcomes: dict[str, TestOutcome]
    shown: tuple[tuple[str, tuple[str, ...], str], ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of the cells where it fails."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome in BAD)

    @property
    def everywhere(self) -> bool:
        """Whether it fails in the same way wherever it ran, and that is more than one runtime."""
        several = len(self.outcomes) > 1 and len(self.shown) == 1
        return several and len(self.cells) == len(self.outcomes)


def failing_tests(rows: Sequence[CellReport]) -> tuple[Failing, ...]:
    """Return every test that fails somewhere, in the order in which it was met."""
    outcomes: dict[str, dict[str, TestOutcome]] = {}
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


def rerun_commands(report: MatrixReport) -> tuple[str, ...]:
    """Return one command line for each cell that went wrong, which does it again.

    What was given is given again; where that was nothing for the tests, and one test failed, only
    that one is run.
    """
    lines = []
    for row in report.cells:
        if row.state in TESTS_FAILED:
            bad = [case.id for case in row.cases or () if case.outcome in BAD]
            narrows = len(bad) == 1 and row.takes_posargs
            parts = report.posargs or (bad if narrows else ())
            lines.append(_rerun_command(report, "-e", row.name, posargs=parts))
    return tuple(lines)


def rerun_all_command(report: MatrixReport) -> str:
    """Return the command line that does again what went wrong in all cells."""
    return _rerun_command(report, "--last-failed", posargs=report.posargs)


def _rerun_command(report: MatrixReport, *chosen: str, posargs: Sequence[str]) -> str:
    after = ["--", *posargs] if posargs else []
    return shlex.join(["multirt", "matrix", *report.arguments, *chosen, *after])
