"""A suite's benchmarks on several runtimes, for people."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.report.figures import duration, interval
from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.pyperformance_suite import SuiteRun


def print_suite(runs: Sequence[SuiteRun]) -> None:
    """Print a row for each benchmark, a column for each runtime, the first the reference."""
    console = open_console()
    reference, others = runs[0], runs[1:]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("benchmark", *(each.id for each in runs)):
        table.add_column(text(heading), overflow="fold")  # who is meant must not be cut
    for name in dict.fromkeys(name for each in runs for name in each.values):
        cells = [_time(reference, name), *(_cell(each, reference, name) for each in others)]
        table.add_row(text(name), *cells)
    means = [each.mean_ratio(reference) for each in others]
    if any(means) and len(reference.values) > 1:
        shown = [f"{each:.2f}x" if each is not None else "-" for each in means]
        table.add_row("[bold]geometric mean[/]", "reference", *shown)
    console.print(table)
    for each in runs:
        if each.trouble is not None:
            console.print(f"[yellow]note[/] {text(each.id)}: {text(each.trouble)}", soft_wrap=True)


def _cell(run: SuiteRun, reference: SuiteRun, benchmark: str) -> str:
    """Return the ratio to the reference, the time where that has none."""
    ratio = run.ratio_to(reference, benchmark)
    return interval(ratio) if ratio is not None else _time(run, benchmark)


def _time(run: SuiteRun, benchmark: str) -> str:
    values = run.values.get(benchmark)
    return duration(median(values)) if values else "-"
