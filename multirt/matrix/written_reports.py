"""Remember which files of a project are reports that we wrote: they are no sources of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multirt.matrix.files import file_digest, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NOTE = "reports.json"


def remember_reports(state: Path, files: Iterable[Path]) -> None:
    """Note what was written, for the next look at the sources.

    Args:
        state: the project's folder in the cache.
        files: the reports.
    """
    known = {path: digest for path, digest in reports_in(state).items() if os.path.exists(path)}  # noqa: PTH110 - as text
    written = {os.path.realpath(file): file_digest(file) for file in files if file.is_file()}
    if written:
        write_json(state / _NOTE, {**known, **written})


def reports_in(state: Path) -> dict[str, str]:
    """Return the real paths of reports, each with the SHA-256 of what was written."""
    try:
        document = read_json(state / _NOTE)
        return {str(path): str(digest) for path, digest in document.items()}
    except (OSError, ValueError, AttributeError):
        return {}  # damaged or none: the reports count as sources
