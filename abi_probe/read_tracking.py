"""Tell who wants to know which paths of the disk a reading rests on."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a regular file; to open a FIFO would wait for a writer.

    Raises:
        OSError: it cannot be read, is not a regular file, or has more bytes than the limit.
    """
    with os.fdopen(os.open(path, _OPEN), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit >> 20} MiB", os.fspath(path))
    return content


_listener: ContextVar[Callable[[str], object] | None] = ContextVar("listener", default=None)


@contextmanager
def tracking_reads(listener: Callable[[str], object]) -> Iterator[None]:
    """Have a function told every path ahead of its being looked at, in this context.

    Change, appearing or going of one of these paths can change what is read; what becomes of all
    others cannot. A path may be told more than once.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def record_read(path: str | os.PathLike[str]) -> None:
    """Say that a path is about to be looked at."""
    listener = _listener.get()
    if listener is not None:
        listener(os.fspath(path))
