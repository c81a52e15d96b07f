"""Read files within limits of kind and size; write those of a cache whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runtimes.storage.trust import make_folder, open_file

if TYPE_CHECKING:
    Path = str | os.PathLike[str]

LARGEST = 4 << 20
"""Bytes of a file of settings, of which real ones have a thousandth."""
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_head(path: str | os.PathLike[str], size: int) -> bytes:
    """Return the first bytes of a regular file; to open a FIFO would wait for a writer.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    try:
        descriptor = os.open(path, _OPEN)
    except ValueError as error:
        raise OSError(errno.EINVAL, "a path with a NUL") from error
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        return stream.read(size)


def read_bytes(path: str | os.PathLike[str], limit: int = LARGEST) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: as `read_head`, or it has more bytes than the limit.
    """
    content = read_head(path, limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit >> 20} MiB", os.fspath(path))
    return content


def read_text(path: str | os.PathLike[str], errors: str = "surrogateescape") -> str:
    """Return the text of a regular file.

    Raises:
        OSError: as `read_bytes`.
    """
    return read_bytes(path).decode("utf-8", errors)


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
