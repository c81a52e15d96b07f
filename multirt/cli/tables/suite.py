"""A suite's benchmarks on several runtimes, for people."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.figures import duration, interval
from multirt.cli.tables.text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.benchmarks.suite import SuiteRun


def print_suite(runs: Sequence[SuiteRun]) -> None:
    """Print a row for each benchmark, a column for each runtime, the first the reference."""
    console = open_console()
    reference, others = runs[0], runs[1:]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("benchmark", *(each.id for each in runs)):
        table.add_column(text(heading), no_wrap=True)
    for name in dict.fromkeys(name for each in runs for name in each.values):
        values = reference.values.get(name)
        ratios = [each.ratio_to(reference, name) for each in others]
        cells = [interval(each) if each is not None else "-" for each in ratios]
        table.add_row(text(name), duration(median(values)) if values else "-", *cells)
    means = [each.mean_ratio(reference) for each in others]
    if any(means) and len(reference.values) > 1:
        shown = [f"{each:.2f}x" if each is not None else "-" for each in means]
        table.add_row("[bold]geometric mean[/]", "reference", *shown)
    console.print(table)
    for each in runs:
        if each.trouble is not None:
            console.print(f"[yellow]note[/] {text(each.id)}: {text(each.trouble)}", soft_wrap=True)
