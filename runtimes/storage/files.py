"""Read and write files: those of a cache only where no other user can write them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runtimes.storage.trust import make_folder, open_file

if TYPE_CHECKING:
    Path = str | os.PathLike[str]

LIMIT: Final = 1 << 24
"""Bytes of a file that is read; a search that found 28 runtimes has 300 kB."""


def load(path: Path, limit: int = LIMIT) -> bytes | None:
    """Return the content of a file; None where there is none, or another user can write it.

    Args:
        path: of a file that `save` wrote.
        limit: bytes; a longer file counts as damaged.
    """
    try:
        descriptor = open_file(path)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as stream, suppress(OSError):
        if os.fstat(descriptor).st_size <= limit:
            return stream.read(limit)
    return None


def save(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, at once or not at all, and make its folder.

    Raises:
        OSError: it cannot be written, or another user can write its folder.
    """
    make_folder(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120 - hot
    replace(path, content)


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file such that readers find the old content or the new one.

    Raises:
        OSError: it cannot be written.
    """
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - hot
    temporary = os.path.join(folder, f".new-{os.urandom(6).hex()}")  # noqa: PTH118 - hot
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(temporary, path)  # noqa: PTH105 - hot
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 - hot
        raise
