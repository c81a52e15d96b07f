"""What `doctor --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.cache_json import cache_document
from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.launch.native import Launcher
    from multirt.selection.doctor import Finding
    from runtimes import CacheInfo, Discovery


def doctor_document(
    found: Discovery, info: CacheInfo, findings: Iterable[Finding], launcher: Launcher
) -> Document:
    """Return what `doctor --json` prints."""
    return {
        **SCHEMA,
        "runtimes": len(found.runtimes),
        "findings": [
            {
                "topic": each.topic.value,
                "subject": each.subject,
                "message": each.message,
                "hint": each.hint,
            }
            for each in findings
        ],
        "inquiries": [
            {"path": str(each.path), "seconds": each.seconds, "remembered": each.remembered}
            for each in found.inquiries
        ],
        "cache": cache_document(info),
        "launcher": {
            "path": str(launcher.path) if launcher.path else None,
            "native": launcher.native,
        },
    }
