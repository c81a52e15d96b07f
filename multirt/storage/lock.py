"""Hold what others may use too, or alone; the system gives it back when this process ends."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runtimes.storage.lock import open_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Hold:
    """A hold on something that a file stands for.

    A lock of the system (`flock`), for that ends with the process however it ends.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        """Keep the handle of the file."""
        self._handle = handle

    def share(self) -> None:
        """Hold it with whoever else shares it, waiting for who has it alone."""
        import fcntl  # not on Windows, where environments cannot be made yet either

        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Hold it no more."""
        import fcntl  # likewise

        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def await_turn(self) -> None:
        """Hold it alone, waiting for all others."""
        import fcntl  # likewise

        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def seize(self) -> bool:
        """Hold it alone, without waiting; return whether that could be. It is not shared then."""
        import fcntl  # likewise

        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def holding(file: Path) -> Iterator[Hold]:
    """Give a hold, of nothing at first.

    Args:
        file: stays where it is.

    Raises:
        OSError: it cannot be made.
    """
    handle = open_lock(file)
    try:
        yield Hold(handle)
    finally:
        os.close(handle)
