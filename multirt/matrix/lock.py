"""Keep two runs of one project apart where they would change the same files."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from runtimes.storage.lock import open_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Say(Protocol):
    """Tell somebody what goes on."""

    def __call__(self, message: str) -> None:
        """Say one line."""


@contextmanager
def locked(path: Path, say: Say, holder: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock, waiting for it; the system gives it back when this process ends, however.

    Args:
        path: of a file that stays.
        say: told when it has to wait.
        holder: who may have it, for the message.
        shared: others may hold it too, if they share it.
    """
    import fcntl  # not on Windows, where environments cannot be made yet either

    handle = open_lock(path)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {holder}")
            fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)
