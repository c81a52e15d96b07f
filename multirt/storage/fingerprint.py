"""Tell whether a file's time of change is too young to vouch for what was read of it."""

from __future__ import annotations

from typing import Final

TICK: Final = 20_000_000
"""Nanoseconds; several ticks of the clock that file systems stamp with."""

_SECOND = 1_000_000_000
_COARSE = 2 * _SECOND  # where stamps are whole seconds


def is_young(changed: int, since: int) -> bool:
    """Tell whether a file changed after a time, or so shortly before that it may have again.

    One more change could carry the same stamp: the trap that git knows as "racy".

    Args:
        changed: its ctime, in nanoseconds since 1970.
        since: when the first of it was read, likewise.
    """
    return changed >= since - (_COARSE if changed % _SECOND == 0 else TICK)
