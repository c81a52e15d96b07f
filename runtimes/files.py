"""Read files that other tools and users wrote, within limits of kind and size."""

from __future__ import annotations

import errno
import os
import stat

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
