"""Tell whether files are still what they were."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TICK: Final = 20_000_000
"""Nanoseconds; several ticks of the clock that file systems stamp with."""

_SECOND: Final = 1_000_000_000


class Fingerprint(NamedTuple):
    """What changes when a file is written or replaced; times in nanoseconds since 1970.

    The ctime cannot be set by a program, so a file that is replaced in place with its size and its
    mtime kept still shows.
    """

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int


Fingerprints = dict[str, Fingerprint | None]
"""Paths, each with its fingerprint, None where there is no file."""


def of_status(status: os.stat_result) -> Fingerprint:
    """Return the fingerprint in what the system says of a file."""
    return Fingerprint(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def of_file(path: str | os.PathLike[str]) -> Fingerprint | None:
    """Return a file's fingerprint, None when there is none."""
    try:
        return of_status(os.stat(path))  # noqa: PTH116 - hundreds of them
    except (OSError, ValueError):
        return None


def of_files(paths: Iterable[str]) -> Fingerprints:
    """Return each path with its fingerprint."""
    return {path: of_file(path) for path in paths}


def is_current(then: Mapping[str, Sequence[int] | None], known: Fingerprints | None = None) -> bool:
    """Tell whether every path still has the fingerprint that it had, or is still absent.

    Args:
        then: fingerprints, as they were read or as lists.
        known: what was looked at just now, and is not again; it grows. None to look at all.
    """
    known = {} if known is None else known
    for path, before in then.items():
        if path not in known:
            known[path] = of_file(path)
        now = known[path]
        if now != before and (now is None or before is None or now != tuple(before)):
            return False
    return True


def is_racy(changed: int, since: int) -> bool:
    """Tell whether a file changed after a time, or so shortly before that it may have again.

    One more change could carry the same stamp: the trap that git knows as "racy". Where stamps are
    whole seconds, that is longer.

    Args:
        changed: its ctime, in nanoseconds since 1970.
        since: when the first of it was read, in nanoseconds since 1970.
    """
    return changed >= since - (2 * _SECOND if changed % _SECOND == 0 else TICK)


def any_racy(found: Mapping[str, Sequence[int] | None], since: int | None = None) -> bool:
    """Tell whether one of some files is racy; a stamp from the future says a clock was wrong.

    Args:
        found: fingerprints.
        since: when the first of them was read, in nanoseconds since 1970; None for now.
    """
    now = time.time_ns()
    since = now if since is None else since
    changes = (then[4] for then in found.values() if then is not None)
    return any(changed <= now and is_racy(changed, since) for changed in changes)
