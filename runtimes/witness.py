"""Tell whether files are still what they were."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Signature = tuple[int, int, int, int, int]
"""Device, inode, size, mtime and ctime of a file; times in nanoseconds.

The ctime cannot be set by a program, so a file that is replaced in place with its size and its
time kept still shows.
"""

_YOUNG = 20_000_000  # ns; several ticks of the clock that file systems stamp with


def signature(path: str) -> Signature | None:
    """Return a file's signature, None when there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked hundreds of times
    except (OSError, ValueError):
        return None
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def signatures(paths: Iterable[str]) -> list[tuple[str, Signature | None]]:
    """Return each path once with its signature, in their order."""
    return [(path, signature(path)) for path in dict.fromkeys(paths)]


def hold(
    witnesses: Sequence[Sequence[object]], known: dict[str, list[int] | None] | None = None
) -> bool:
    """Tell whether every path still has the signature that it had, or is still absent.

    Args:
        witnesses: pairs of a path and its signature, as lists.
        known: what was looked at just now, and is not again; it grows. None to look at all.
    """
    known = {} if known is None else known
    for path, then in witnesses:
        if not isinstance(path, str):
            return False
        if path not in known:
            now = signature(path)
            known[path] = None if now is None else list(now)
        if known[path] != then:
            return False
    return True


def is_young(
    witnesses: Iterable[tuple[str, Sequence[int] | None]], since: int | None = None
) -> bool:
    """Tell whether a file changed after a time, or so shortly before that it may have again.

    Another change within a tick of the clock carries the same stamp. Where stamps are whole
    seconds, that is longer. A stamp from the future says only that a clock was wrong.

    Args:
        witnesses: paths and their signatures now.
        since: nanoseconds since 1970; None for now.
    """
    now = time.time_ns()
    since = now if since is None else since
    for _, then in witnesses:
        if then is not None:
            coarse = then[4] % 1_000_000_000 == 0
            if since - (2_000_000_000 if coarse else _YOUNG) < then[4] <= now:
                return True
    return False
