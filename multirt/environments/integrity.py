"""Tell whether an environment is complete, for who only starts it: what makes one is not needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.storage import cache
from runtimes.storage.trust import check_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RECORD = "multirt.json"  # what an environment is
FILES = "multirt-files.json"  # the names of all that is in it by folder, and one stamp of all
_FACTOR = 1_000_003
_BITS = (1 << 64) - 1


class Contents(Struct, frozen=True, kw_only=True):
    """What is in an environment.

    Attributes:
        files: their names, by folder.
        stamp: one for all of them.
        local: what stands for its local wheels, where they may be replaced.
    """

    files: dict[str, list[str]]
    stamp: int
    local: tuple[str, ...]


def lock_file_of(home: Path) -> Path:
    """Return the file that stands for an environment that is in use."""
    return home.parent.parent / "locks" / f"{home.name}.use"


def contents_are_intact(home: Path, python: Path, local: tuple[str, ...] | None = None) -> bool:
    """Tell whether an environment is complete, and every file is there as it was installed.

    Args:
        home: its folder.
        python: how it is started.
        local: what stands for the local wheels that it should have; None for any.
    """
    if not python.exists() or not (home / RECORD).is_file():
        return False
    note = cache.read(home / FILES, Contents)
    if note is None or (local is not None and note.local != local):
        return False
    try:
        check_tree(home)
        return stamp_of(home, note.files) == note.stamp
    except (OSError, ValueError):
        return False


def stamp_of(home: Path, files: Mapping[str, Sequence[str]]) -> int:
    """Return a number that changes with the size of any file, and with when it was written.

    Args:
        home: of the environment.
        files: names by folder.

    Raises:
        OSError: one is not there.
    """
    root = os.fspath(home)
    stamp = 0
    for folder, names in files.items():
        for name in names:
            found = os.stat(f"{root}/{folder}/{name}")  # noqa: PTH116 - thousands
            stamp = (stamp * _FACTOR + found.st_mtime_ns) * _FACTOR + found.st_size & _BITS
    return stamp
