"""Measurements: of one session, and as records of the history."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.pyperf_runner import lower_half
from multirt.intervals import Ratio, paired_ratio
from multirt.program.model import ProgramKind

if TYPE_CHECKING:
    from datetime import datetime

    from multirt.experiments.variants import Variant
    from multirt.program.model import Program


def program_key(program: Program) -> str:
    """Return what a program is found by: its absolute path, else how it is asked for."""
    if program.script is not None:
        return str(program.script)
    return f"-c {program.entry.text}" if program.entry.kind is ProgramKind.CODE else program.title


def content_of(program: Program) -> str:
    """Return the hash of a program's own files, and of how it was asked for."""
    digest = hashlib.sha256(f"{program.entry.kind} {program.entry.text}".encode(errors="replace"))
    if program.script is not None:
        digest = hashlib.sha256()  # the same file, however it is named
    for source in sorted(program.sources, key=lambda each: each.file):
        digest.update(hashlib.sha256(source.content).digest())
    return digest.hexdigest()


def machine_key() -> str:
    """Return a hash that changes with what makes times incomparable: processor and host."""
    facts = (platform.node(), platform.machine(), _processor(), str(os.cpu_count()))
    return hashlib.sha256("\0".join(facts).encode(errors="replace")).hexdigest()[:16]


def _processor() -> str:
    """Return the processor's model, as Linux names it; elsewhere what Python knows."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()  # starts `uname`


# In the metadata of pyperf's documents.
PROCESSOR, IDLE = "multirt_processor_times", "multirt_processor_times_empty"


class BenchRecord(Struct, frozen=True, kw_only=True):
    """One program on one runtime, measured once.

    Attributes:
        number: in the store, counted from 1; None before it is there.
        session: what was measured in turns with it has the same.
        at: when, in UTC.
        program: absolute path.
        content: the hash of the program's own files.
        arguments: the program's.
        machine: the hash that stands for the machine.
        runtime: the contender's id, `cpython-3.14.8+jit`.
        executable: of its runtime; an id alone may come to mean another one.
        checked: its output was the same as the reference's.
        rounds: seconds of each value, one tuple a round.
        startup: seconds of an empty program, one a round.
        processor: seconds of processor time of one start, one a round; empty where not known.
        idle: the same of an empty program.
        memory: greatest resident size in bytes; None where it is not known.
        threads: as it was set; None when it was not.
        document: pyperf's own JSON.
    """

    number: int | None = None
    session: str
    at: datetime
    program: str
    content: str
    arguments: tuple[str, ...]
    machine: str
    runtime: str
    executable: str
    checked: bool
    rounds: tuple[tuple[float, ...], ...]
    startup: tuple[float, ...]
    memory: int | None
    threads: int | None
    document: str
    processor: tuple[float, ...] = ()
    idle: tuple[float, ...] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """All values, in seconds."""
        return tuple(value for each in self.rounds for value in each)

    @property
    def median(self) -> float:
        """Seconds."""
        return median(self.values)

    @property
    def by_round(self) -> tuple[float, ...]:
        """One value a round, to be paired with another record of the session."""
        return tuple(median(each) for each in self.rounds)

    @property
    def question(self) -> tuple[object, ...]:
        """What has to be the same for two records to be compared over time."""
        return (self.program, self.arguments, self.machine, self.runtime, self.threads)


def processor_times(document: str, name: str) -> tuple[float, ...]:
    """Return the processor times that stand in a document of pyperf's; empty when none do.

    Args:
        document: JSON.
        name: `PROCESSOR` or `IDLE`.

    Raises:
        ValueError: it is no document, or they are no numbers.
        TypeError: the same.
    """
    read = json.loads(document)
    parts = [read, *read.get("benchmarks", ())]
    texts = (part.get("metadata", {}).get(name, "") for part in parts)
    return tuple(float(number) for text in texts for number in text.split())


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
        first = next((index for index, each in rounds if each <= warm * 1.1), None)
        return sum(self.seconds[:first]) if first is not None else None


class Measurement(Struct, frozen=True, kw_only=True):
    """The times of one contender.

    Attributes:
        contender: who.
        threads: what the variable for threads was set to; None when it was not set.
        rounds: seconds of each value, one tuple a round.
        startup: seconds of an empty program, one for each round.
        processor: seconds of processor time of one start, one for each round.
        idle: the same of an empty program.
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
