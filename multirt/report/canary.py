"""Render what canaries have shown, as JSON and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document, ratio_document
from multirt.report.terminal import open_console, text
from multirt.report.units import interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.canary_report import CanaryReport


def canary_document(reports: Sequence[CanaryReport]) -> Document:
    """Return what `canary report --json` prints."""
    return {**SCHEMA, "trials": [_trial(each) for each in reports]}


def _trial(report: CanaryReport) -> Document:
    trial = report.course.trial
    return {
        "program": trial.program,
        "usual": trial.usual,
        "canary": trial.canary,
        "stopped": report.course.stopped,
        "starts": {
            "usual": report.usual,
            "canary": report.canary,
            "shadow": report.shadows,
            "not_ended": sum(each.ending is None for each in report.course.starts),
        },
        "failed": {"usual": report.usual_failed, "canary": report.failed},
        "crashes": report.crashes,
        "refused": report.refused,
        "compared": report.compared,
        "different": report.different,
        "differences": list(report.differences),
        "ratio": ratio_document(report.ratio) if report.ratio is not None else None,
        "recommendation": report.recommendation,
    }


_DIFFERENCES = 2
_LINES = 10


def print_reports(reports: Sequence[CanaryReport]) -> None:
    """Print each trial in a few lines, what to do last."""
    console = open_console()
    for index, report in enumerate(reports):
        trial = report.course.trial
        if index:
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


def _unended(report: CanaryReport) -> str:
    """Say how many starts were not seen to end: they run still, or were killed with multirt."""
    count = sum(each.ending is None for each in report.course.starts)
    return f", {count} not ended" if count else ""
