"""Read and write amounts of time and of bytes as people do."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from multirt.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from multirt.intervals import Ratio

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_MINUTES = 120  # seconds from which on minutes are easier to read
_SPARKS = "▁▂▃▄▅▆▇█"


def duration(seconds: float, spread: float | None = None) -> str:
    """Write a time, perhaps with its spread in the same unit.

    >>> duration(0.24), duration(245)
    ('240 ms', '4 min 05 s')
    """
    if seconds >= _MINUTES and spread is None:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    factor, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    value = seconds / factor
    digits = max(0, 2 - int(math.log10(value))) if value >= 1 else 2
    around = f" ± {spread / factor:.{digits}f}" if spread is not None else ""
    return f"{value:.{digits}f}{around} {unit}"


def elapsed_text(time: timedelta) -> str:
    """Write how long ago something was."""
    hours = time.total_seconds() / 3600
    if hours < 1:
        return f"{max(round(hours * 60), 0)} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - then days say more


def interval(ratio: Ratio) -> str:
    """Write a ratio with its interval."""
    if ratio.low is None or ratio.high is None:
        return f"{ratio.estimate:.2f}x"
    return f"{ratio.estimate:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})"


def plot(ratios: Sequence[Ratio | None], width: int) -> list[str]:
    """Draw intervals on one logarithmic scale, with a line at 1; None is the reference.

    Returns:
        One line of that width for each, and the scale as the last.
    """
    ends = [1.0]
    for ratio in ratios:
        if ratio is not None:
            ends += [ratio.low or ratio.estimate, ratio.high or ratio.estimate]
    low, high = min(ends) / 1.05, max(ends) * 1.05

    def column(value: float) -> int:
        return round((width - 1) * math.log(value / low) / math.log(high / low))

    lines = []
    for ratio in ratios:
        cells = [" "] * width
        cells[column(1)] = "│"
        if ratio is None:
            cells[column(1)] = "●"
        else:
            first, last = (column(end or ratio.estimate) for end in (ratio.low, ratio.high))
            cells[first : last + 1] = "─" * (last + 1 - first)
            cells[first], cells[last] = "├", "┤"
            cells[column(ratio.estimate)] = "●"
        lines.append("".join(cells).rstrip())
    ticks = [" "] * width
    for value in sorted({low * 1.05, 1.0, high / 1.05}):
        text = f"{value:.2g}x"
        position = min(column(value), width - len(text))
        if all(cell == " " for cell in ticks[max(position - 1, 0) : position + len(text)]):
            ticks[position : position + len(text)] = text
    return [*lines, "".join(ticks).rstrip()]


def spark(values: Sequence[float | None]) -> str:
    """Draw values as a line of blocks from zero up, so that what is equal looks equal.

    Args:
        values: None leaves a column empty; one value at least is none of these.
    """
    high = max(value for value in values if value is not None)
    return "".join(
        " " if value is None else _SPARKS[round(value / high * (len(_SPARKS) - 1))]
        for value in values
    )


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
        raise UsageError(f"not an amount of time: {text!r}", hint)
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
        raise UsageError(f"not a size: {text!r}", "write for example 500MB or 2GB")
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
