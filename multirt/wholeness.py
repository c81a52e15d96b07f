"""Tell whether an environment is complete, for who only starts it: what makes one is not needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multirt.notes import read_note

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "multirt.json"  # what an environment is
FILES = "multirt-files.json"  # the name and the size of all that is in it


def is_whole(home: Path, python: Path) -> bool:
    """Tell whether an environment is complete, and every file is there in its size.

    Args:
        home: its folder.
        python: how it is started.
    """
    if not python.exists() or not (home / RECORD).is_file():
        return False
    note = read_note(home / FILES)
    files = note.get("files") if note is not None else None
    if not isinstance(files, list):
        return False
    folder = os.fspath(home)
    try:
        return all(os.stat(f"{folder}/{name}").st_size == size for name, size in files)  # noqa: PTH116 - thousands
    except (OSError, TypeError, ValueError):
        return False
