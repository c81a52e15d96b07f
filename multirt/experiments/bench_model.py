"""What was measured."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.cpu_time import lower_half
from multirt.intervals import Ratio, paired_ratio

if TYPE_CHECKING:
    from multirt.experiments.variants import Variant

_NEARLY_ALL = 0.6  # of a time; then it is the start-up that was measured


class WarmupCurve(Struct, frozen=True, kw_only=True):
    """How a program gets faster while its process lives.

    Attributes:
        seconds: of each round in one process.
        trouble: why it cannot be run again in one process; None when it can.
    """

    seconds: tuple[float, ...]
    trouble: str | None = None

    @property
    def warm(self) -> float | None:
        """Seconds of a round once it is warm: the median of the last half; None if unknown."""
        return median(self.seconds[len(self.seconds) // 2 :]) if len(self.seconds) > 1 else None

    @property
    def warm_up(self) -> float | None:
        """Seconds until the first round that is within 10 % of a warm one; None if unknown."""
        warm = self.warm
        if warm is None:
            return None
        rounds = enumerate(self.seconds)
        first = next((place for place, each in rounds if each <= warm * 1.1), None)
        return sum(self.seconds[:first]) if first is not None else None


class Measurement(Struct, frozen=True, kw_only=True):
    """The times of one contender.

    Attributes:
        contender: who.
        threads: what the variable for threads was set to; None when it was not set.
        rounds: seconds of each value, one tuple a round.
        startup: seconds of an empty program, one for each round.
        processor: seconds of processor time of one start, one for each round.
        idle: likewise of an empty program.
        loops: starts that one value is the mean of.
        memory: greatest resident size of its process, in bytes; None where it is not known.
        warnings: what pyperf says of instability.
        document: pyperf's own JSON.
        curve: its warm-up; None when nothing is to be warmed up.
    """

    contender: Variant
    threads: int | None
    rounds: tuple[tuple[float, ...], ...]
    startup: tuple[float, ...]
    loops: int
    memory: int | None
    warnings: tuple[str, ...]
    document: str
    processor: tuple[float, ...] = ()
    idle: tuple[float, ...] = ()
    curve: WarmupCurve | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """All values."""
        return tuple(value for each in self.rounds for value in each)

    @property
    def median(self) -> float:
        """Seconds."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """The median absolute deviation, in seconds."""
        return median(abs(value - self.median) for value in self.values)

    @property
    def startup_median(self) -> float:
        """Seconds of an empty program."""
        return median(self.startup)

    @property
    def processor_time(self) -> float | None:
        """Seconds of processor time of one start, where other work added least; None if unknown."""
        quick = lower_half(self.processor)
        return median(quick) if quick else None

    @property
    def mostly_startup(self) -> bool:
        """Whether there is too little next to the start-up to be told from it."""
        return self.startup_median > _NEARLY_ALL * self.median

    def ratio_to(self, reference: Measurement) -> Ratio:
        """Return how many times as fast as the reference, round by round."""
        return paired_ratio(
            [median(each) for each in reference.rounds], [median(each) for each in self.rounds]
        )


class ExcludedVariant(Struct, frozen=True, kw_only=True):
    """A contender of whom no speed is told.

    Attributes:
        id: its id.
        reason: why, in one line.
    """

    id: str
    reason: str


class Bench(Struct, frozen=True, kw_only=True):
    """One program, measured.

    Attributes:
        program: its path.
        arguments: its arguments.
        content: the hash of its files.
        measured: the reference first.
        excluded: those of whom no speed is told.
        checked: outputs were compared before.
    """

    program: str
    arguments: tuple[str, ...]
    content: str
    measured: tuple[Measurement, ...]
    excluded: tuple[ExcludedVariant, ...]
    checked: bool

    @property
    def reference(self) -> Measurement:
        """Whom the others are compared with."""
        return self.measured[0]

    def base(self, measured: Measurement) -> Measurement:
        """Return the reference with the same number of threads."""
        same = (each for each in self.measured if each.threads == measured.threads)
        return next(each for each in same if each.contender.id == self.reference.contender.id)
