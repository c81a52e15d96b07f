"""What is cached of measurements."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.program.model import ProgramKind

if TYPE_CHECKING:
    from datetime import datetime

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
        idle: likewise of an empty program.
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
        TypeError: likewise.
    """
    read = json.loads(document)
    parts = [read, *read.get("benchmarks", ())]
    words = (part.get("metadata", {}).get(name, "") for part in parts)
    return tuple(float(word) for text in words for word in text.split())
