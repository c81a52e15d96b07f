"""What `canary report --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document, ratio_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.canary_report import Report


def canary_document(reports: Sequence[Report]) -> Document:
    """Return what `canary report --json` prints."""
    return {**SCHEMA, "trials": [_trial(each) for each in reports]}


def _trial(report: Report) -> Document:
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
