"""Read and write amounts of time and of bytes as people do."""

from __future__ import annotations

import re

from multirt.errors import MultirtError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000, "t": 1_000_000_000_000}


def read_duration(text: str) -> float:
    """Return seconds.

    >>> read_duration("2d")
    172800.0

    Raises:
        MultirtError: it says no amount of time.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip().lower())
    if match is None:
        hint = "write for example 12h, 30d or 8w"
        raise MultirtError("usage", f"not an amount of time: {text!r}", hint)
    return float(match[1]) * _SECONDS[match[2]]


def read_size(text: str) -> int:
    """Return bytes.

    >>> read_size("1.5GB")
    1500000000

    Raises:
        MultirtError: it says no amount of bytes.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgt]?)b?", text.strip().lower())
    if match is None:
        raise MultirtError("usage", f"not a size: {text!r}", "write for example 500MB or 2GB")
    return int(float(match[1]) * _BYTES[match[2]])


def write_size(count: int) -> str:
    """Write bytes in the unit that leaves few digits.

    >>> write_size(2_340_000)
    '2.3 MB'
    """
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004 - the next unit
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"  # noqa: PLR2004 - digits


def write_age(seconds: float) -> str:
    """Write how long ago something was.

    >>> write_age(200_000)
    '2 days ago'
    """
    if seconds < _SECONDS["h"]:
        return "just now"
    if seconds < 2 * _SECONDS["d"]:
        hours = int(seconds // _SECONDS["h"])
        return "1 hour ago" if hours == 1 else f"{hours} hours ago"
    return f"{int(seconds // _SECONDS['d'])} days ago"
