"""What `run --dry-run --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from multirt.selection.model import Plan


def plan_document(plan: Plan) -> Document:
    """Return what `run --dry-run --json` prints."""
    return {
        **SCHEMA,
        "runtime": plan.runtime.id,
        "executable": str(plan.executable),
        "arguments": list(plan.arguments),
        "environment": dict(plan.environment),
    }
