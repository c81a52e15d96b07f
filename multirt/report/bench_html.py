"""What `bench --html` writes: intervals, warm-up curves, history, as drawings of lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.report.bench import HEADINGS, cells, name_of, notes, summarize, with_threads
from multirt.report.html import write_page
from multirt.report.units import duration, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.experiments.bench_model import Bench, BenchRecord
    from multirt.intervals import Ratio

_LEFT, _WIDTH, _ROW = 180, 490, 26  # pixels: names, drawing, one row
_HEIGHT = 180  # of a drawing of curves
_HUES = (210, 30, 145, 285, 0, 60, 180, 330)  # degrees; the names stand next to the lines too


class _Scale(Struct, frozen=True, kw_only=True):
    """From values to pixels, logarithmic."""

    low: float
    high: float
    start: float
    length: float

    def __call__(self, value: float) -> float:
        """Return the position of a value."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + self.length * share, 1)


def write_bench(bench: Bench, records: Sequence[BenchRecord], path: Path) -> None:
    """Write the page.

    Args:
        bench: what was measured.
        records: of the program on this machine, the oldest first, those of now among them.
        path: of the file.

    Raises:
        MultirtError: the file cannot be written.
    """
    curves = {
        name_of(each): each.curve.seconds
        for each in bench.measured
        if each.curve is not None and len(each.curve.seconds) > 1
    }
    past = _past(bench, records)
    context = {
        "title": f"{bench.program.rpartition('/')[2]}, measured",
        "sentence": summarize(bench),
        "facts": [("program", bench.program), ("reference", bench.reference.contender.id)],
        "headings": HEADINGS,
        "rows": [cells(bench, each) for each in bench.measured],
        "excluded": [(each.id, each.reason) for each in bench.excluded],
        "intervals": _intervals(bench),
        "scaling": _scaling(bench),
        "curves": _lines(curves, "seconds of each round in one process") if curves else None,
        "history": _lines(past, "median of each session, in order") if past else None,
        "notes": list(notes(bench)),
    }
    write_page(path, "bench_page.html", context)


def _past(bench: Bench, records: Sequence[BenchRecord]) -> dict[str, list[float | None]]:
    """Return the median of each session for those that were measured more than once."""
    fit = [each for each in records if each.arguments == bench.arguments]
    sessions = {each: index for index, each in enumerate(dict.fromkeys(one.session for one in fit))}
    past: dict[str, list[float | None]] = {
        name_of(each): [None] * len(sessions) for each in bench.measured
    }
    for each in fit:
        name = with_threads(each.runtime, each.threads)
        if name in past:
            past[name][sessions[each.session]] = each.median
    return {name: each for name, each in past.items() if len(each) - each.count(None) > 1}


def _scaling(bench: Bench) -> Mapping[str, object] | None:
    """Return the drawing of how the time falls with more threads; None where they were not set."""
    numbers = sorted({each.threads for each in bench.measured if each.threads is not None})
    if len(numbers) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    series = {
        name: [
            next(one.median for one in bench.measured if (one.contender.id, one.threads) == key)
            for key in ((name, number) for number in numbers)
        ]
        for name in dict.fromkeys(each.contender.id for each in bench.measured)
    }
    return _lines(series, f"median with {', '.join(map(str, numbers))} threads")


def _intervals(bench: Bench) -> Mapping[str, object]:
    """Return the drawing of the ratios, on one logarithmic scale."""
    found: list[tuple[str, Ratio | None]] = []
    ends = [1.0]
    for each in bench.measured:
        base = bench.base(each)
        ratio = None if each is base else each.ratio_to(base)
        found.append((name_of(each), ratio))
        if ratio is not None:
            ends += [ratio.low or ratio.estimate, ratio.high or ratio.estimate]
    scale = _Scale(low=min(ends) / 1.1, high=max(ends) * 1.1, start=_LEFT, length=_WIDTH)
    rows = []
    for index, (name, ratio) in enumerate(found):
        rows.append(
            {
                "name": name,
                "y": index * _ROW + 20,
                "x": scale(ratio.estimate if ratio else 1),
                "low": scale((ratio and ratio.low) or (ratio.estimate if ratio else 1)),
                "high": scale((ratio and ratio.high) or (ratio.estimate if ratio else 1)),
                "text": "reference" if ratio is None else interval(ratio),
            }
        )
    ticks = [(scale(value), f"{value:g}x") for value in _steps(scale.low, scale.high)]
    return {"rows": rows, "ticks": ticks, "one": scale(1), "height": len(rows) * _ROW + 40}


def _steps(low: float, high: float) -> list[float]:
    """Return round numbers between two ends."""
    steps = (*(0.1, 0.2, 0.5, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10), *(20, 30, 50, 100))
    fit = [each for each in steps if low <= each <= high]
    return fit if len(fit) < 8 else [each for each in fit if each in (0.1, 0.5, 1, 2, 5, 10, 100)]  # noqa: PLR2004 - more would overlap


def _lines(series: Mapping[str, Sequence[float | None]], caption: str) -> Mapping[str, object]:
    """Return a drawing of one line for each name; time is on a logarithmic scale.

    Args:
        series: None where there is no value; two of each are none of these.
        caption: below the heading.
    """
    values = [value for each in series.values() for value in each if value is not None]
    scale = _Scale(
        low=min(values) / 1.15, high=max(values) * 1.15, start=_HEIGHT, length=10 - _HEIGHT
    )
    longest = max(len(each) for each in series.values()) - 1
    drawn = []
    for index, (name, each) in enumerate(series.items()):
        known = [(number, value) for number, value in enumerate(each) if value is not None]
        points = [(round(75 + 745 * number / longest, 1), scale(value)) for number, value in known]
        drawn.append(
            {
                "name": name,
                "hue": _HUES[index % len(_HUES)],
                "points": " ".join(f"{x},{y}" for x, y in points),
                "dots": points,
                "text": f"{duration(known[0][1])} to {duration(known[-1][1])}",
            }
        )
    ticks = [(scale(value), duration(value)) for value in (min(values), max(values))]
    return {"series": drawn, "ticks": ticks, "caption": caption, "height": _HEIGHT}
