"""Say whether a program became slower since. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from multirt.benchmarks.pyperf import differ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.history import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How a runtime's times changed.

    Attributes:
        runtime: the contender's id.
        threads: as in a record.
        before: median seconds of the reference.
        after: median seconds now.
        ratio: of the times, above 1 is slower; with what the machine itself became slower or
            faster taken out, as the start-up of an empty program shows it.
        drift: how many times as slow the machine itself was.
        spread: how far the reference's own runs lie apart, as a part of their median.
        significant: pyperf's test says that the samples differ.
        threshold: below which a change is none.
    """

    runtime: str
    threads: int | None
    before: float
    after: float
    ratio: float
    drift: float
    spread: float
    significant: bool
    threshold: float

    @property
    def regressed(self) -> bool:
        """Whether it is slower by more than noise, both as measured and without the drift."""
        least = 1 + max(self.threshold, self.spread)
        return self.significant and self.ratio > least and self.after > self.before


def changes(
    now: Sequence[Record], before: Sequence[Record], threshold: float
) -> tuple[Change, ...]:
    """Compare each runtime of a session with its earlier records.

    Args:
        now: the session.
        before: what it is compared with, of any runtimes.
        threshold: the least part by which it must be slower, 0.05 for 5 %.
    """
    found = []
    for record in now:
        earlier = [each for each in before if each.question == record.question]
        if earlier:
            found.append(_change(record, earlier, threshold))
    return tuple(found)


def _change(record: Record, earlier: Sequence[Record], threshold: float) -> Change:
    """Compare a record with one or more earlier ones."""
    pooled = [value for each in earlier for value in each.values]
    medians = [each.median for each in earlier]
    # What changed an empty program's time changed the machine, not the program.
    drift = median(record.startup) / median(value for each in earlier for value in each.startup)
    relative = [each.median / median(each.startup) for each in earlier]
    centre = median(relative)
    return Change(
        runtime=record.runtime,
        threads=record.threads,
        before=median(medians),
        after=record.median,
        ratio=record.median / median(medians) / drift,
        drift=drift,
        spread=max(abs(each - centre) for each in relative) / centre,
        significant=differ(record.values, _thinned(pooled, len(record.values))),
        threshold=threshold,
    )


def _thinned(values: Sequence[float], count: int) -> Sequence[float]:
    """Return that many values from all over a sample, for pyperf's test takes equal sizes."""
    if len(values) <= count:
        return values
    return [values[place * len(values) // count] for place in range(count)]
