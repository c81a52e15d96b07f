"""Say what is remembered, and forget it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from runtimes import notes
from runtimes.storage import cache, fingerprint
from runtimes.storage.trust import check_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class CacheInfo(Struct, frozen=True, kw_only=True):
    """The state of a cache folder.

    Attributes:
        folder: where the answers are.
        answers: number of files with an answer in them.
        unreadable: number of files that are damaged or not the user's own.
        size: bytes of all of them.
        writable: new answers can be remembered.
    """

    folder: Path
    answers: int
    unreadable: int
    size: int
    writable: bool


def cache_info(cache_dir: Path) -> CacheInfo:
    """Return the state of the remembered answers below a cache folder."""
    files = list(_files(cache_dir))
    good = [file for file in files if cache.read(file, dict[str, Any]) is not None]
    folder = cache_dir / notes.FOLDER
    return CacheInfo(
        folder=folder,
        answers=len(good),
        unreadable=len(files) - len(good),
        size=sum(found.size for file in files if (found := fingerprint.of_file(file))),
        writable=(nearest := _nearest(folder)).is_dir() and os.access(nearest, os.W_OK),
    )


def clear_cache(cache_dir: Path) -> int:
    """Forget every remembered answer below a cache folder; return how many files went.

    Raises:
        OSError: a file cannot be removed.
    """
    files = list(_files(cache_dir))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _nearest(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _files(cache_dir: Path) -> Iterator[Path]:
    try:
        check_folder(cache_dir / notes.FOLDER)
        yield from sorted((cache_dir / notes.FOLDER).iterdir())
    except OSError:
        return
