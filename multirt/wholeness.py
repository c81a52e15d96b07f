"""Tell whether an environment is complete, for who only starts it: what makes one is not needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multirt.notes import read_note

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "multirt.json"  # what an environment is
FILES = "multirt-files.json"  # the name and the stamp of all that is in it


def hold_file(home: Path) -> Path:
    """Return the file that stands for an environment which somebody holds."""
    return home.parent.parent / "locks" / f"{home.name}.use"


def is_whole(home: Path, python: Path, local: tuple[str, ...] | None = None) -> bool:
    """Tell whether an environment is complete, and every file is there as it was installed.

    Args:
        home: its folder.
        python: how it is started.
        local: what stands for the local wheels that it should have; None for any.
    """
    if not python.exists() or not (home / RECORD).is_file():
        return False
    note = read_note(home / FILES)
    files = note.get("files") if note is not None else None
    if note is None or not isinstance(files, list):
        return False
    if local is not None and note.get("local") != list(local):
        return False
    folder = os.fspath(home)
    try:
        return all(stamp_of(f"{folder}/{name}") == stamp for name, stamp in files)
    except (OSError, TypeError, ValueError):
        return False


def stamp_of(path: str) -> int:
    """Return a number that changes with a file's size, in bytes, and when it was written, in ns.

    Raises:
        OSError: it is not there.
    """
    found = os.stat(path)  # noqa: PTH116 - thousands
    return found.st_mtime_ns + found.st_size
