"""What several documents share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.intervals import Ratio
    from multirt.probe.coverage import PlatformCoverage
    from multirt.probe.model import ArtifactReport

Document = dict[str, Any]
SCHEMA = {"schema_version": 1}


def dotted(version: tuple[int, int] | None) -> str | None:
    """Write a version as people do."""
    return f"{version[0]}.{version[1]}" if version is not None else None


def ratio_document(ratio: Ratio) -> Document:
    """Return a ratio with its 95 % interval."""
    return {
        "estimate": ratio.estimate,
        "low": ratio.low,
        "high": ratio.high,
        "significant": ratio.significant,
    }


def probe_document(
    reports: Sequence[ArtifactReport], coverage: Sequence[PlatformCoverage] | None = None
) -> Document:
    """Return what `probe --json` prints; with `--coverage` that too."""
    document: Document = {**SCHEMA, "targets": list(reports)}
    if coverage is not None:
        document["coverage"] = [
            {"platform": each.platform, "served": each.served, "missing": each.missing}
            for each in coverage
        ]
    return document
