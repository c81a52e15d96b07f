"""Print the summary of a matrix: wheels, runtimes, failing tests, how to repeat them."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.matrix.model import BAD, RAN, CellState, TestOutcome
from multirt.matrix.report import (
    all_ids,
    cell_ranges,
    excluded_ranges,
    exit_code,
    failing_tests,
    gil_state,
    grouped,
    reason_key,
    rerun_all_command,
    rerun_commands,
    row_key,
    shared_reason,
    summary_line,
)
from multirt.report.matrix_markdown import binary
from multirt.report.terminal import (
    Color,
    Colorizer,
    Style,
    aligned,
    escaped,
    painter,
    terminal_width,
    width,
)
from multirt.report.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from multirt.matrix.model import (
        Cell,
        CellPlan,
        CellReport,
        Excluded,
        MatrixReport,
        TestCase,
        Wheel,
        WheelReport,
    )
    from multirt.matrix.report import Failing

INKS = {
    CellState.READY: Style.GOOD,
    CellState.PASSED: Style.GOOD,
    CellState.SKIPPED: Style.DOUBT,
    CellState.NOT_RUN: Style.DOUBT,
    CellState.INTERRUPTED: Style.DOUBT,
}
_SKIPPED = (TestOutcome.SKIPPED, TestOutcome.XFAILED)


def state_style(state: CellState, *, may_fail: bool = False, required: bool = True) -> Style:
    """Return the style of a state."""
    if may_fail or (state is CellState.BLOCKED and not required):
        return INKS.get(state, Style.DOUBT)
    return INKS.get(state, Style.BAD_END)


def block(text: str) -> str:
    """Return words that may have several lines, each of which any terminal can show."""
    return "\n".join(map(escaped, text.splitlines()))


def counts(cases: Iterable[TestCase] | None) -> str:
    """Say how many tests ended how: `21 passed, 1 failed, 2 skipped`."""
    if cases is None:
        return ""
    outcomes = [case.outcome for case in cases]
    kinds = (((TestOutcome.PASSED,), "passed"), (tuple(BAD), "failed"), (_SKIPPED, "skipped"))
    numbers = [(sum(each in kind for each in outcomes), name) for kind, name in kinds]
    return ", ".join(f"{number} {name}" for number, name in numbers if number) or "no tests"


_Row = tuple[tuple[str, Style], ...]


def print_cells(cells: Sequence[Cell], excluded: Sequence[Excluded], notes: Sequence[str]) -> None:
    """Print the names of the cells with their runtimes."""
    table = [_heads("name", "runtime", "asked for as", "package")]
    for cell in cells:
        runtime = (
            (escaped(cell.runtime.id), Style.PLAIN) if cell.runtime else ("not here", Style.BAD)
        )
        text = (escaped(cell.name), escaped(cell.asked), cell.package.value)
        name, asked, package = ((each, Style.PLAIN) for each in text)
        table.append((name, runtime, asked, package))
    _print(aligned(table, _paint()))
    among = [each.runtime.id for each in cells if each.runtime is not None]
    among += [each.runtime for each in excluded if each.runtime is not None]
    for names, why in excluded_ranges(excluded, among):
        _print([f"left out  {escaped(names)}: {escaped(why)}"])
    _print(f"note  {escaped(note)}" for note in notes)


def print_plan(wheels: Sequence[Wheel], plans: Sequence[CellPlan]) -> None:
    """Print which wheel each cell tests, or why it cannot."""
    paint = _paint()
    for position, wheel in enumerate(wheels, 1):
        how = "built elsewhere" if wheel.built_on is None else f"built on {wheel.built_on}"
        if wheel.seconds is not None:
            how += f" in {duration(wheel.seconds)}"
        number = f" {position}" if len(wheels) > 1 else ""
        name = paint(escaped(wheel.path.name), Style.BOLD)
        _print([f"wheel{number}  {name}  sha256 {wheel.sha256[:12]}  {how}"])
    names = {wheel.sha256: wheel.path.name for wheel in wheels}
    rows = (row for each in plans for row in _rows(each.report, names))
    _print(aligned([_heads("name", "binary", "plan"), *rows], paint))


def _rows(cell: CellReport, wheels: Mapping[str, str]) -> Iterator[_Row]:
    """Yield the row of a cell, and below it one for each note on it."""
    state = cell.state
    look = state_style(state, may_fail=cell.may_fail, required=cell.required)
    binary = "-" if cell.wheel is None else "same" if cell.same else wheels[cell.wheel]
    name = "test" if state is CellState.READY else state.value
    yield (
        (escaped(cell.name), Style.PLAIN),
        (escaped(binary), Style.PLAIN),
        (name, look),
    )
    for note in (cell.reason, cell.hint, *cell.warnings):
        for line in (note or "").splitlines():
            yield ("", Style.PLAIN), ("", Style.PLAIN), (escaped(line), Style.PLAIN)


def _heads(*names: str) -> _Row:
    return tuple((name, Style.BOLD) for name in names)


def _paint() -> Colorizer:
    return painter(sys.stdout, os.environ, Color.AUTO)


def _print(lines: Iterator[str] | Sequence[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - the command's own output


_SHOWN = 20  # failing tests in the table
_TEXTS = 5  # of which the text is printed
_LINES = 20  # of each text, and of what a command that is not pytest printed
_REPEATS = 10
_WIDEST = 160  # columns of a table that a person can still follow
_NUMBER = re.compile(r"[0-9.]+")  # times, and versions in paths
_MARKS = {
    TestOutcome.PASSED: (".", Style.GOOD),
    TestOutcome.FAILED: ("F", Style.BAD_END),
    TestOutcome.ERROR: ("E", Style.BAD_END),
    TestOutcome.SKIPPED: ("s", Style.PLAIN),
    TestOutcome.XFAILED: ("x", Style.PLAIN),
}
_HEADS = ("runtime", "binary", "passed", "failed", "skipped", "time", "state")
_NUMBERS = frozenset({2, 3, 4, 5})  # of these columns


def print_summary(report: MatrixReport) -> None:
    """Print the results of a run."""
    sheet = _SummaryWriter(
        paint=painter(sys.stdout, os.environ, Color.AUTO),
        columns=terminal_width(os.environ, sys.stdout),
    )
    for line in sheet.lines(report):
        print(line)  # noqa: T201 - the command's own output


class _SummaryWriter(Struct, frozen=True, kw_only=True):
    """What a summary is written on.

    Attributes:
        paint: gives text its color.
        columns: columns of the terminal.
    """

    paint: Colorizer
    columns: int

    def lines(self, report: MatrixReport) -> Iterator[str]:
        """Yield all of it."""
        yield ""
        yield from self._wheels(report)
        yield from self._runtimes(report)
        yield from self._reasons(report)
        yield from self._failing(report, failing_tests(report.cells))
        yield from self._outputs(report.cells)
        if again := rerun_commands(report):
            yield from ("", self.paint("again", Style.BOLD))
            yield from (f"  {escaped(line)}" for line in again[:_REPEATS])
            if len(again) > _REPEATS:
                yield f"  {escaped(rerun_all_command(report))}"
        code = exit_code(report)
        ending = "" if code == 0 else f": exit code {int(code)}"
        note = f"{summary_line(report)} in {duration(report.seconds)}{ending}"
        yield from ("", self.paint(note, Style.BAD_END if code else Style.GOOD_END))

    def _wheels(self, report: MatrixReport) -> Iterator[str]:
        """Yield a line for each wheel: its name, its hash, where it comes from."""
        several = len(report.wheels) > 1
        for position, wheel in enumerate(report.wheels):
            serves = sum(row.wheel == wheel.sha256 for row in report.cells)
            number = f" for {serves} runtime{'' if serves == 1 else 's'}" if several else ""
            name = self.paint(escaped(wheel.file), Style.BOLD)
            yield (
                f"{'wheel' if position == 0 else '     '}  {name}"
                f"  sha256 {wheel.sha256[:12]}  {_built(wheel)}{number}"
            )
        if several:
            yield "       it is tied to one version of Python, so each ABI has its own"

    def _runtimes(self, report: MatrixReport) -> Iterator[str]:
        """Yield a row for each cell that was tested, and one for all that share a reason."""
        table = [tuple((name, Style.BOLD) for name in _HEADS)]
        for alike in grouped(report.cells, row_key):
            row = alike[0]
            excused = (
                " (allowed to fail)" if row.may_fail and row.state is not CellState.PASSED else ""
            )
            look = state_style(row.state, may_fail=row.may_fail, required=row.required)
            table.append(
                (
                    (escaped(cell_ranges(alike, report)), Style.PLAIN),
                    (binary(row), Style.PLAIN),
                    _number(row, TestOutcome.PASSED),
                    _number(row, *BAD),
                    _number(row, TestOutcome.SKIPPED, TestOutcome.XFAILED),
                    (duration(row.seconds) if row.seconds else "", Style.PLAIN),
                    (escaped(f"{row.state.value}{excused}{_gil(row)}"), look),
                )
            )
        return aligned(table, self.paint, _NUMBERS)

    def _reasons(self, report: MatrixReport) -> Iterator[str]:
        """Yield why cells are as they are; what several share is printed once."""
        explained = (
            row
            for row in report.cells
            if row.state is not CellState.PASSED and row.reason and not row.tests_explain
        )
        reasons = grouped(explained, reason_key)
        warnings: dict[str, list[CellReport]] = {}
        for row in report.cells:
            for warning in row.warnings:
                warnings.setdefault(warning, []).append(row)
        if reasons or warnings or report.excluded or report.notes:
            yield ""
        for alike in reasons:
            where = self.paint(escaped(cell_ranges(alike, report)), Style.BOLD)
            reason, hint = shared_reason(alike)
            help_ = f"\n    {block(hint)}" if hint else ""
            yield f"{alike[0].state.value}  {where}: {block(reason)}{help_}"
        for warning, alike in warnings.items():
            everywhere = len(alike) == len(report.cells) > 1
            where = "everywhere" if everywhere else cell_ranges(alike, report)
            yield f"{self.paint('warning', Style.DOUBT)}  {escaped(where)}: {block(warning)}"
        for name, reason in excluded_ranges(report.excluded, all_ids(report)):
            yield f"{self.paint('left out', Style.DIM)}  {escaped(name)}: {escaped(reason)}"
        for note in report.notes:
            yield f"{self.paint('note', Style.DIM)}  {escaped(note)}"

    def _failing(self, report: MatrixReport, found: Sequence[Failing]) -> Iterator[str]:
        """Yield which test fails on which runtime, and what it says, once for each way."""
        names = [row.name for row in report.cells if row.cases is not None]
        split = [each for each in found if not each.everywhere]
        if split:
            yield ""
            wide = max(width(each.id) for each in split) + sum(len(name) + 2 for name in names)
            shown = split[:_SHOWN]
            yield from (
                self._map(shown, names) if wide <= self.columns else self._lists(shown, report)
            )
            if len(split) > _SHOWN:
                yield f"and {len(split) - _SHOWN} more failing tests (--report html=FILE)"
        for each in found[:_TEXTS]:
            yield from self._texts(each)
        if len(found) > _TEXTS:
            yield from ("", f"and {len(found) - _TEXTS} more failing tests (--report html=FILE)")

    def _map(self, found: Sequence[Failing], names: Sequence[str]) -> Iterator[str]:
        """Yield the table of failing tests and runtimes."""
        table = [tuple((escaped(name), Style.BOLD) for name in ("failing test", *names))]
        for each in found:
            row = [(escaped(each.id), Style.PLAIN)]
            for name in names:
                ran = each.outcomes.get(name)
                mark, look = _MARKS[ran] if ran is not None else ("", Style.PLAIN)
                row.append((" " * ((width(name) - 1) // 2) + mark, look))
            table.append(tuple(row))
        return aligned(table, self.paint)

    def _lists(self, found: Sequence[Failing], report: MatrixReport) -> Iterator[str]:
        """Yield the same as lists, where a table would be wider than the terminal."""
        for each in found:
            bad = [row for row in report.cells if row.name in each.cells]
            outcomes = each.outcomes
            good = [row for row in report.cells if outcomes.get(row.name) is TestOutcome.PASSED]
            yield f"{self.paint('F', Style.BAD_END)} {self.paint(escaped(each.id), Style.BOLD)}"
            yield f"    fails on {escaped(cell_ranges(bad, report))}"
            if good:
                yield f"    passes on {escaped(cell_ranges(good, report))}"

    def _texts(self, found: Failing) -> Iterator[str]:
        """Yield what a failing test says, once for each way."""
        for message, cells, body in found.shown:
            where = f"on {', '.join(cells)}"
            if found.everywhere:
                where = f"the same on all {len(cells)}"
            yield from (
                "",
                f"{self.paint(escaped(found.id), Style.BOLD)}  {escaped(where)}",
            )
            lines = (body.strip() or message).expandtabs().splitlines()
            if len(lines) > _LINES:
                yield "    " + self.paint(f"... {len(lines) - _LINES} lines before", Style.DIM)
            yield from (f"    {escaped(line)}" for line in lines[-_LINES:])

    def _outputs(self, rows: Sequence[CellReport]) -> Iterator[str]:
        """Yield the end of what a cell printed, where no test tells what went wrong.

        Of cells that ended the same way the first one speaks for all.
        """
        alike: dict[tuple[CellState, str | None, str], list[CellReport]] = {}
        for row in rows:
            if row.state in RAN | {CellState.UNRESOLVED} and row.output and not row.tests_explain:
                last = row.output.rstrip().rpartition("\n")[2]
                alike.setdefault((row.state, row.reason, _NUMBER.sub("", last)), []).append(row)
        for first, *others in alike.values():
            names = ", ".join(each.name for each in others)
            also = f" ({names} ended the same way)" if others else ""
            explained = "from what it printed"
            if first.state is CellState.UNRESOLVED:
                explained = "the explanation of uv"
            yield from (
                "",
                f"{self.paint(escaped(first.name), Style.BOLD)}  {explained}{escaped(also)}",
            )
            for line in _telling(first.output.rstrip().expandtabs().splitlines()):
                yield f"    {escaped(line.rstrip())}"


def _built(wheel: WheelReport) -> str:
    if wheel.built_on is None:
        return "built elsewhere"
    if wheel.seconds is None:
        return f"not built again: nothing changed since {wheel.built_on} built it"
    return f"built on {wheel.built_on} in {duration(wheel.seconds)}"


def _number(row: CellReport, *outcomes: TestOutcome) -> tuple[str, Style]:
    count = row.count(*outcomes)
    if count is None:
        return "-", Style.PLAIN
    return str(count), Style.BAD_END if count and set(outcomes) == BAD else Style.PLAIN


def _gil(row: CellReport) -> str:
    """Return what the state column says of the GIL."""
    explained = gil_state(row)
    return f", {explained}" if explained else ""


def _telling(lines: list[str]) -> list[str]:
    """Return the lines that tell most: where a crash was, else the end."""
    faults = [position for position, line in enumerate(lines) if "Fatal Python error" in line]
    if not faults:
        return lines[-_LINES:]
    first = faults[-1]
    own = [line for line in lines[first:] if "site-packages" not in line]
    return lines[max(0, first - 3) : first] + own[: _LINES // 2]
