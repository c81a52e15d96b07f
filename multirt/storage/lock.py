"""Hold what others may use too, or alone; the system gives it back when this process ends."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runtimes.storage.trust import UntrustedError, check_file, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class FileLock:
    """A hold on something that a file stands for.

    A lock of the system (`flock`), for that ends with the process however it ends.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        """Keep the handle of the file."""
        self._handle = handle

    def share(self, *, wait: bool = True) -> bool:
        """Hold it with others that share it; return whether that succeeded."""
        return self._lock("LOCK_SH", wait=wait)

    def release(self) -> None:
        """Hold it no more."""
        self._lock("LOCK_UN", wait=True)

    def acquire(self) -> None:
        """Hold it alone, waiting for all others."""
        self._lock("LOCK_EX", wait=True)

    def try_acquire(self) -> bool:
        """Hold it alone, without waiting; return whether that succeeded. It is not shared then."""
        return self._lock("LOCK_EX", wait=False)

    def _lock(self, operation: str, *, wait: bool) -> bool:
        import fcntl  # not on Windows, where environments cannot be made yet either

        kind: int = getattr(fcntl, operation)
        try:
            fcntl.flock(self._handle, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def file_lock(file: Path) -> Iterator[FileLock]:
    """Give a hold, of nothing at first.

    Args:
        file: stays where it is.

    Raises:
        OSError: it cannot be made.
    """
    handle = open_lock(file)
    try:
        yield FileLock(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(
    file: Path, say: Callable[[str], object], holder: str, *, shared: bool = False
) -> Iterator[None]:
    """Hold a lock, and say that another process has it where that takes waiting.

    Args:
        file: stays where it is.
        say: called with one line before it waits.
        holder: what may have it, for that line.
        shared: others may hold it too, if they share it.

    Raises:
        OSError: it cannot be made.
    """
    with file_lock(file) as hold:
        if not (hold.share(wait=False) if shared else hold.try_acquire()):
            say(f"waiting for {holder}")
            hold.share() if shared else hold.acquire()
        yield


def open_lock(file: Path) -> int:
    """Return a descriptor of a file to lock, which is made where it does not exist.

    Another user's file in its place is removed: that user could lock it for ever.

    Raises:
        OSError: it cannot be made, or another user can write its folder.
    """
    make_folder(file.parent)
    try:
        check_file(file)
    except UntrustedError:
        file.unlink()
    except FileNotFoundError:
        pass
    return os.open(file, _FLAGS, 0o600)
