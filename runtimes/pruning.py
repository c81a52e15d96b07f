"""Remove remembered answers that nobody has used for long."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_DAYS = 90  # of a note that no search has used; the runtime is gone, or is asked once more
_NOTES = 1000  # that are kept beside those of this search; of 28 runtimes they take 0.9 MB
_TORN_HOURS = 1  # of what a writer left that was killed


def prune(folder: str, used: Collection[str]) -> None:
    """Remove what is too old, and of the rest the oldest where it is too much.

    What goes is asked again when it is needed, so nothing can come out wrong: not when another
    process writes at the same time, and not when the clock is.

    Args:
        folder: of nothing but notes.
        used: the notes of this search, which stay.
    """
    now = time.time()
    try:
        with os.scandir(folder) as entries:
            notes = [(entry.path, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:  # one of them is going just now
        return
    others = sorted((now - status.st_mtime, path) for path, status in notes if path not in used)
    for place, (age, path) in enumerate(others):
        hours = 24 * _DAYS if path.endswith(".json") else _TORN_HOURS
        if place >= _NOTES or age > hours * 3600:
            with suppress(OSError):
                Path(path).unlink()
