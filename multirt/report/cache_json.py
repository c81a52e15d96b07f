"""What `cache info --json` prints, a part of what `doctor --json` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multirt.report.json_parts import Document
    from runtimes import CacheInfo


def cache_document(info: CacheInfo) -> Document:
    """Return the state of the remembered answers."""
    return {
        "folder": str(info.folder),
        "answers": info.answers,
        "unreadable": info.unreadable,
        "bytes": info.size,
        "writable": info.writable,
    }
