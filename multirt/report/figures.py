"""Times, sizes and intervals as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from multirt.experiments.intervals import Ratio

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_SPARKS = "▁▂▃▄▅▆▇█"


def duration(seconds: float, spread: float | None = None) -> str:
    """Write a time, perhaps with its spread in the same unit."""
    factor, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    value = seconds / factor
    digits = max(0, 2 - int(math.log10(value))) if value >= 1 else 2
    around = f" ± {spread / factor:.{digits}f}" if spread is not None else ""
    return f"{value:.{digits}f}{around} {unit}"


def passed(time: timedelta) -> str:
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
        place = min(column(value), width - len(text))
        if all(cell == " " for cell in ticks[max(place - 1, 0) : place + len(text)]):
            ticks[place : place + len(text)] = text
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
