"""Say whether a program became slower since. Pure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.pyperf_runner import differ, lower_half

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.bench_model import BenchRecord


_LEAST_WHEN_BUSY = 0.1  # other work also empties the processor's caches
_BUSY = 0.08  # scatter of times from start to end; that of a quiet machine is 0.01 to 0.05


class RuntimeChange(Struct, frozen=True, kw_only=True):
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
        steady: the machine was quiet enough for times from start to end to say something.
        processor: ratio of the processor times, without the slower half of each, and without what
            an empty program takes more; None where they are not known.
        processor_spread: as `spread`, of these; or how far those of now scatter, if that is more.
        processor_significant: as `significant`, of these.
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
    steady: bool
    processor: float | None
    processor_spread: float
    processor_significant: bool
    threshold: float

    @property
    def regressed(self) -> bool:
        """Whether it is slower by more than noise.

        On a steady machine the times from start to end decide, as measured and without the drift;
        where the earlier runs differ as much among themselves, processor time has to confirm it.
        On a busy machine they show the other work, and processor time decides alone.
        """
        slower = self.after > self.before
        if self.steady or self.processor is None:
            sure = self.ratio > 1 + self.spread or self._takes_more
            return self.significant and self.ratio > 1 + self.threshold and slower and sure
        faster = self.significant and not slower  # on more processors, perhaps
        return self._takes_more and not faster

    @property
    def _takes_more(self) -> bool:
        """Whether it takes more processor time by more than noise."""
        least = 1 + max(self.threshold, self.processor_spread, _LEAST_WHEN_BUSY)
        return self.processor_significant and (self.processor or 0) > least


def changes(
    now: Sequence[BenchRecord], before: Sequence[BenchRecord], threshold: float
) -> tuple[RuntimeChange, ...]:
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


def _change(record: BenchRecord, earlier: Sequence[BenchRecord], threshold: float) -> RuntimeChange:
    """Compare a record with one or more earlier ones."""
    pooled = [value for each in earlier for value in each.values]
    medians = [each.median for each in earlier]
    # What changed an empty program's time changed the machine, not the program.
    drift = median(record.startup) / median(value for each in earlier for value in each.startup)
    busier = _machine_load_ratio(record, earlier)
    mine = lower_half(record.processor)
    theirs = [quick for each in earlier if (quick := lower_half(each.processor))]
    known = bool(mine and theirs)
    centres = [median(each) for each in theirs]
    return RuntimeChange(
        runtime=record.runtime,
        threads=record.threads,
        before=median(medians),
        after=record.median,
        ratio=record.median / median(medians) / drift,
        drift=drift,
        spread=_spread([each.median / median(each.startup) for each in earlier]),
        significant=differ(record.values, _thinned(pooled, len(record.values))),
        steady=all(_scatter(each) < _BUSY for each in (record.values, record.startup)),
        processor=median(mine) / median(centres) / busier if known else None,
        processor_spread=max(_spread(centres), _scatter(record.processor)) if known else 0.0,
        processor_significant=known and _differ_pooled(mine, theirs),
        threshold=threshold,
    )


def _machine_load_ratio(record: BenchRecord, earlier: Sequence[BenchRecord]) -> float:
    """Return how many times as much processor time an empty program takes; 1 when it is less."""
    mine = lower_half(record.idle)
    theirs = [median(quick) for each in earlier if (quick := lower_half(each.idle))]
    return max(median(mine) / median(theirs), 1.0) if mine and theirs else 1.0


def _differ_pooled(mine: Sequence[float], theirs: Sequence[Sequence[float]]) -> bool:
    """Whether processor times differ from those of several sessions, by pyperf's test."""
    pooled = sorted(value for each in theirs for value in each)
    return differ(mine, _thinned(pooled, len(mine)))


def _spread(centres: Sequence[float]) -> float:
    """Return how far sessions lie apart, as a part of their median."""
    centre = median(centres)
    return max(abs(each - centre) for each in centres) / centre


def _scatter(values: Sequence[float]) -> float:
    """Return the median absolute deviation, as a part of the median."""
    centre = median(values)
    return median(abs(each - centre) for each in values) / centre


def _thinned(values: Sequence[float], count: int) -> Sequence[float]:
    """Return that many values from all over a sample, for pyperf's test takes equal sizes."""
    if len(values) <= count:
        return values
    return [values[index * len(values) // count] for index in range(count)]
