"""Make records of what was measured, and find what it is to be compared with."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.errors import ErrorKind, UsageError
from multirt.experiments.history_model import (
    IDLE,
    PROCESSOR,
    BenchRecord,
    machine_key,
    processor_times,
)
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.bench_model import Bench

_LARGEST = 256 << 20  # bytes of a file of pyperf; one round has 1 kB
_RECENT = 5  # sessions
REFERENCES = ("recent", "previous", "first", "best")


def records_of(bench: Bench) -> tuple[BenchRecord, ...]:
    """Return what is to be cached."""
    session, now, machine = uuid.uuid4().hex, datetime.now(UTC), machine_key()
    return tuple(
        BenchRecord(
            session=session,
            at=now,
            program=bench.program,
            content=bench.content,
            arguments=bench.arguments,
            machine=machine,
            runtime=each.contender.id,
            executable=str(each.contender.runtime.executable),
            checked=bench.checked,
            rounds=each.rounds,
            startup=each.startup,
            processor=each.processor,
            idle=each.idle,
            memory=each.memory,
            threads=each.threads,
            document=each.document,
        )
        for each in bench.measured
    )


def reference_records(
    now: Sequence[BenchRecord], earlier: Sequence[BenchRecord], reference: str
) -> tuple[BenchRecord, ...]:
    """Return the earlier records that a reference means.

    Args:
        now: the session just measured.
        earlier: what is cached of the program on this machine, the oldest first.
        reference: one of `REFERENCES`, the number of a run, whose session is meant, or a file of
            pyperf's.

    Raises:
        MultirtError: it means nothing.
    """
    questions = {each.question for each in now}
    fit = [each for each in earlier if each.question in questions]
    sessions = list(dict.fromkeys(each.session for each in fit))
    match reference:
        case "recent":
            wanted = sessions[-_RECENT:]
        case "previous":
            wanted = sessions[-1:]
        case "first":
            wanted = sessions[:1]
        case "best":
            return tuple(_best(fit))
        case _ if reference.isdecimal():
            wanted = [each.session for each in earlier if each.number == int(reference)]
            if not wanted:
                hint = "`multirt bench history PROGRAM` shows their numbers"
                raise UsageError(
                    f"no run {reference} is remembered here", hint, kind=ErrorKind.REFERENCE
                )
        case _:
            return _from_file(now, Path(reference))
    return tuple(each for each in fit if each.session in wanted)


def _best(records: Sequence[BenchRecord]) -> list[BenchRecord]:
    """Return the fastest record of each question."""
    found: dict[tuple[object, ...], BenchRecord] = {}
    for each in records:
        best = found.get(each.question)
        if best is None or each.median < best.median:
            found[each.question] = each
    return list(found.values())


def _from_file(now: Sequence[BenchRecord], path: Path) -> tuple[BenchRecord, ...]:
    """Read a file of pyperf's as the earlier record of the runtime that it names.

    Raises:
        MultirtError: it is none, or is of no runtime that was measured.
    """
    from pyperf import BenchmarkSuite

    if not path.is_file():
        hint = f"a reference is {', '.join(REFERENCES)}, a run's number, or a file of pyperf's"
        raise UsageError(f"no such reference: {str(path)!r}", hint, kind=ErrorKind.REFERENCE)
    try:
        document = read_text(path, _LARGEST)
        suite = BenchmarkSuite.loads(document)
        (benchmark,) = suite.get_benchmarks()
        rounds = tuple(each.values for each in benchmark.get_runs() if each.values)
        spent, idle = processor_times(document, PROCESSOR), processor_times(document, IDLE)
    except (OSError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
        message = f"{path} is no file of pyperf's with one benchmark: {error}"
        raise UsageError(message, kind=ErrorKind.REFERENCE) from error
    runtime = benchmark.get_metadata().get("multirt_runtime", now[0].runtime)
    return tuple(
        replace(each, rounds=rounds, processor=spent, idle=idle, session=str(path))
        for each in now
        if each.runtime == runtime and each.threads is None
    )
