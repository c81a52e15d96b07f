"""What canaries have shown, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.figures import interval
from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.canary_report import Report

_DIFFERENCES = 2
_LINES = 10


def print_reports(reports: Sequence[Report]) -> None:
    """Print each trial in a few lines, what to do last."""
    console = open_console()
    for place, report in enumerate(reports):
        trial = report.course.trial
        if place:
            console.print()
        console.print(
            f"[bold]{text(trial.program)}[/]: {text(trial.canary)} beside {text(trial.usual)}"
        )
        console.print(
            f"  starts: {report.usual} usual, {report.canary} canary, {report.shadows} shadow"
            f"{_unended(report)}; failed: {report.usual_failed} usual, {report.failed} canary"
        )
        console.print(
            f"  canary: {report.crashes} crashes, {report.refused} refused,"
            f" {report.different} of {report.compared} outputs differ"
        )
        if report.ratio is not None:
            uncertain = "" if report.ratio.significant else ", nothing certain"
            console.print(f"  speed: {interval(report.ratio)} of the usual runtime{uncertain}")
        for difference in report.differences[:_DIFFERENCES]:
            where, *lines = difference.splitlines()
            console.print(f"  difference in {text(where)}:")
            for line in lines[:_LINES]:
                console.print(f"    {text(line)}", style="dim", soft_wrap=True)
        console.print(f"  [bold]{text(report.recommendation)}[/]", soft_wrap=True)


def _unended(report: Report) -> str:
    """Say how many starts nobody has seen end: they run still, or were killed with multirt."""
    count = sum(each.ending is None for each in report.course.starts)
    return f", {count} not ended" if count else ""
