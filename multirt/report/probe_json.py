"""What `probe --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.probe.report_values import Report


def probe_document(reports: Sequence[Report]) -> Document:
    """Return what `probe --json` prints."""
    return {**SCHEMA, "targets": list(reports)}
