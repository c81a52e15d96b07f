"""What came of a matrix: the wheel, every runtime, which test fails where, how to repeat it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.matrix.words import seconds, style
from multirt.cli.tables.text import block, open_console, text
from multirt.matrix.model import State
from multirt.matrix.report import conclusion, exit_code, failing, repeats
from multirt.matrix.reports.markdown import binary
from multirt.matrix.results import BAD, RAN, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from multirt.matrix.report import Failing, Report, Row, WheelRow

_SHOWN = 20  # failing tests in the table
_TEXTS = 5  # of which the text is printed
_LINES = 20  # of each text, and of what a command that is not pytest printed
_REPEATS = 10
_NUMBER = re.compile(r"[0-9.]+")  # times, and versions in paths
_MARKS = {
    Outcome.PASSED: "[green].[/]",
    Outcome.FAILED: "[bold red]F[/]",
    Outcome.ERROR: "[bold red]E[/]",
    Outcome.SKIPPED: "s",
    Outcome.XFAILED: "x",
}


def print_summary(report: Report, project: Path | None = None) -> None:
    """Print what came of a run.

    Args:
        report: what came of it.
        project: its folder, where that was named.
    """
    console = open_console()
    console.print()
    for line in _wheels(report):
        console.print(line, soft_wrap=True)
    console.print(_runtimes(report.rows))
    _print_reasons(console, report)
    found = failing(report.rows)
    if found:
        _print_failing(console, report.rows, found)
    _print_outputs(console, report.rows)
    again = repeats(report, project)
    if again:
        console.print("\n[bold]again[/]")
        for line in again[:_REPEATS]:
            console.print(f"  {text(line)}", soft_wrap=True)
        if len(again) > _REPEATS:
            console.print("  multirt matrix --last-failed")
    code = exit_code(report)
    look = "bold green" if code == 0 else "bold red"
    ending = "" if code == 0 else f": exit code {int(code)}"
    said = f"{conclusion(report)} in {seconds(report.seconds)}{ending}"
    console.print(f"\n[{look}]{text(said)}[/]", soft_wrap=True)


def _wheels(report: Report) -> Iterator[str]:
    """Yield a line for each wheel: its name, its hash, where it comes from."""
    several = len(report.wheels) > 1
    for place, wheel in enumerate(report.wheels):
        serves = sum(row.wheel == wheel.sha256 for row in report.rows)
        number = f" for {serves} runtime{'' if serves == 1 else 's'}" if several else ""
        yield (
            f"{'wheel' if place == 0 else '     '}  [bold]{text(wheel.file)}[/]"
            f"  sha256 {wheel.sha256[:12]}  {_built(wheel)}{number}"
        )
    if several:
        yield "       it is tied to one version of Python, so each ABI has its own"


def _built(wheel: WheelRow) -> str:
    if wheel.built_on is None:
        return "built elsewhere"
    if wheel.seconds is None:
        return f"not built again: nothing changed since {wheel.built_on} built it"
    return f"built on {wheel.built_on} in {seconds(wheel.seconds)}"


def _runtimes(rows: Sequence[Row]) -> Table:
    """Return one row for each cell."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("runtime", no_wrap=True)
    table.add_column("binary", no_wrap=True)
    for name in ("passed", "failed", "skipped", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for row in rows:
        look = style(row.state, may_fail=row.may_fail, required=row.required)
        excused = " (allowed to fail)" if row.may_fail and row.state is not State.PASSED else ""
        table.add_row(
            text(row.name),
            binary(row),
            _number(row, Outcome.PASSED),
            _number(row, *BAD),
            _number(row, Outcome.SKIPPED, Outcome.XFAILED),
            seconds(row.seconds) if row.seconds else "",
            f"[{look}]{row.state.value}[/]{excused}",
        )
    return table


def _number(row: Row, *outcomes: Outcome) -> str:
    count = row.count(*outcomes)
    if count is None:
        return "-"
    bad = count and set(outcomes) == BAD
    return f"[bold red]{count}[/]" if bad else str(count)


def _print_reasons(console: Console, report: Report) -> None:
    """Print why cells are as they are; what several share is said once."""
    reasons: dict[tuple[State, str, str], list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for row in report.rows:
        if row.state is not State.PASSED and row.reason and not _is_told(row):
            said = row.reason
            if row.runtime is not None:  # so that what several share is one reason
                said = said.removeprefix(f"{row.runtime.id}: ").replace(row.runtime.id, "it")
            reasons.setdefault((row.state, said, row.hint or ""), []).append(row.name)
        for warning in row.warnings:
            warnings.setdefault(warning, []).append(row.name)
    console.print()
    for (state, reason, hint), names in reasons.items():
        where = f"[bold]{text(', '.join(names))}[/]"
        help_ = f"\n    {block(hint)}" if hint else ""
        console.print(f"{state.value}  {where}: {block(reason)}{help_}", soft_wrap=True)
    for warning, names in warnings.items():
        where = "everywhere" if len(names) == len(report.rows) > 1 else ", ".join(names)
        console.print(f"[yellow]warning[/]  {text(where)}: {block(warning)}", soft_wrap=True)
    for name, reason in _grouped(report.excluded):
        console.print(f"[dim]left out[/]  {text(name)}: {text(reason)}", soft_wrap=True)
    for note in report.notes:
        console.print(f"[dim]note[/]  {text(note)}", soft_wrap=True)


def _grouped(excluded: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return names of one reason together."""
    groups: dict[str, list[str]] = {}
    for name, reason in excluded:
        groups.setdefault(reason, []).append(name)
    return [(", ".join(names), reason) for reason, names in groups.items()]


def _is_told(row: Row) -> bool:
    """Whether the failing tests say it all."""
    return row.state is State.FAILED and bool(row.count(*BAD))


def _print_failing(console: Console, rows: Sequence[Row], found: Sequence[Failing]) -> None:
    """Print which test fails on which runtime, and what it says, once for each way."""
    names = [row.name for row in rows if row.cases is not None]
    split = [each for each in found if not each.everywhere]
    if split:
        console.print()
        width = max(len(each.id) for each in split) + sum(len(name) + 2 for name in names)
        if width <= console.width:
            console.print(_map(split[:_SHOWN], names))
        else:
            _print_lists(console, split[:_SHOWN], names)
        if len(split) > _SHOWN:
            console.print(f"and {len(split) - _SHOWN} more failing tests (--report html=FILE)")
    for each in found[:_TEXTS]:
        for message, cells, body in each.shown:
            same = each.everywhere
            where = f"the same on all {len(cells)}" if same else f"on {', '.join(cells)}"
            console.print(f"\n[bold]{text(each.id)}[/]  {text(where)}", soft_wrap=True)
            lines = (body.strip() or message).expandtabs().splitlines()
            if len(lines) > _LINES:
                console.print(f"    [dim]... {len(lines) - _LINES} lines before[/]")
            for line in lines[-_LINES:]:
                console.print(f"    {text(line)}", soft_wrap=True)
    if len(found) > _TEXTS:
        console.print(f"\nand {len(found) - _TEXTS} more failing tests (--report html=FILE)")


def _map(found: Sequence[Failing], names: Sequence[str]) -> Table:
    """Return the table of failing tests and runtimes."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("failing test", no_wrap=True)
    for name in names:
        table.add_column(text(name), justify="center", no_wrap=True)
    for each in found:
        marks = [each.outcomes.get(name) for name in names]
        table.add_row(text(each.id), *("" if mark is None else _MARKS[mark] for mark in marks))
    return table


def _print_lists(console: Console, found: Sequence[Failing], names: Sequence[str]) -> None:
    """Print the same as lists, where a table would be wider than the terminal."""
    for each in found:
        good = [name for name in names if each.outcomes.get(name) is Outcome.PASSED]
        console.print(f"[bold red]F[/] [bold]{text(each.id)}[/]", soft_wrap=True)
        console.print(f"    fails on {text(', '.join(each.cells))}", soft_wrap=True)
        if good:
            console.print(f"    passes on {text(', '.join(good))}", soft_wrap=True)


def _print_outputs(console: Console, rows: Sequence[Row]) -> None:
    """Print the end of what a cell printed, where no test tells what went wrong.

    Of cells that ended the same way the first one speaks for all.
    """
    alike: dict[tuple[State, str | None, str], list[Row]] = {}
    for row in rows:
        if row.state in RAN | {State.UNRESOLVED} and row.output and not _is_told(row):
            last = row.output.rstrip().rpartition("\n")[2]
            alike.setdefault((row.state, row.reason, _NUMBER.sub("", last)), []).append(row)
    for first, *others in alike.values():
        names = ", ".join(each.name for each in others)
        also = f" ({names} ended the same way)" if others else ""
        told = (
            "the explanation of uv" if first.state is State.UNRESOLVED else "from what it printed"
        )
        head = f"\n[bold]{text(first.name)}[/]  {told}{text(also)}"
        console.print(head, soft_wrap=True)
        for line in _telling(first.output.rstrip().expandtabs().splitlines()):
            console.print(f"    {text(line.rstrip())}", soft_wrap=True)


def _telling(lines: list[str]) -> list[str]:
    """Return the lines that tell most: where a crash was, else the end."""
    faults = [place for place, line in enumerate(lines) if "Fatal Python error" in line]
    if not faults:
        return lines[-_LINES:]
    first = faults[-1]
    own = [line for line in lines[first:] if "site-packages" not in line]
    return lines[max(0, first - 3) : first] + own[: _LINES // 2]
