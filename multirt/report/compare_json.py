"""What `compare --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.experiments.history_keys import program_key
from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from multirt.experiments.compare import Comparison
    from multirt.experiments.grouping import Group
    from multirt.experiments.recording import Recorded
    from multirt.experiments.trial import Outcome


def compare_document(comparison: Comparison) -> Document:
    """Return what `compare --json` prints."""
    return {
        **SCHEMA,
        "program": program_key(comparison.field.program),
        "agree": comparison.agree,
        "reference": comparison.field.contenders[0].id,
        "rules": [rule.name for rule in comparison.rules],
        "remark": comparison.remark,
        "groups": [_group(each) for each in comparison.groups],
        "runs": [{"runtime": name, **_outcome(each)} for name, each in comparison.outcomes],
        "left_out": [
            {"runtime": name, "reason": reason} for name, reason in comparison.field.left_out
        ],
    }


def _group(group: Group) -> Document:
    """Return who agrees, and where they leave the reference."""
    difference = group.difference
    return {
        "runtimes": list(group.members),
        "difference": {"where": difference.where, "lines": list(difference.lines)}
        if difference is not None
        else None,
    }


def _outcome(outcome: Outcome) -> Document:
    """Return one run."""
    return {
        "exit_code": outcome.exit_code,
        "refused": outcome.refused,
        "timed_out": outcome.exit_code is None and outcome.refused is None,
        "seconds": round(outcome.seconds, 6),
        "stdout": _recorded(outcome.stdout),
        "stderr": _recorded(outcome.stderr),
        "files": {name: each and _recorded(each) for name, each in outcome.files},
    }


def _recorded(recorded: Recorded) -> Document:
    """Return a stream: its text stays out, for it may be long."""
    return {"bytes": recorded.size, "sha256": recorded.digest, "shown_whole": recorded.whole}
