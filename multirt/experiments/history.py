"""Keep measurements in one SQLite file, and find those to compare with."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.errors import ErrorKind, UsageError
from multirt.experiments.bench_model import (
    IDLE,
    PROCESSOR,
    BenchRecord,
    content_of,
    machine_key,
    processor_times,
    program_key,
)
from multirt.intervals import paired_ratio
from multirt.selection.model import MeasuredTimes
from multirt.storage.files import read_text
from multirt.storage.sqlite import database, is_empty, storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from multirt.experiments.bench_model import Bench
    from multirt.program.model import Program

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
                    f"no run {reference} is saved here", hint, kind=ErrorKind.REFERENCE
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
        message = f"{path} is not a file of pyperf's with one benchmark: {error}"
        raise UsageError(message, kind=ErrorKind.REFERENCE) from error
    runtime = benchmark.get_metadata().get("multirt_runtime", now[0].runtime)
    return tuple(
        replace(each, rounds=rounds, processor=spent, idle=idle, session=str(path))
        for each in now
        if each.runtime == runtime and each.threads is None
    )


_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    at TEXT NOT NULL,
    program TEXT NOT NULL,
    content TEXT NOT NULL,
    arguments TEXT NOT NULL,
    machine TEXT NOT NULL,
    runtime TEXT NOT NULL,
    executable TEXT NOT NULL,
    checked INTEGER NOT NULL,
    rounds TEXT NOT NULL,
    startup TEXT NOT NULL,
    memory INTEGER,
    threads INTEGER,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_program ON runs (program, machine);
"""
_COLUMNS = (
    "session, at, program, content, arguments, machine, runtime, executable, checked, rounds,"
    " startup, memory, threads, document"
)
_INSERT = f"INSERT INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
_SELECT = f"SELECT number, {_COLUMNS} FROM runs"  # noqa: S608 - constants
_HEADINGS = (
    *("run", "session", "at", "program", "content", "arguments", "machine", "runtime"),
    *("threads", "same_output", "round", "seconds"),
)


class History(Struct, frozen=True, kw_only=True):
    """The store of one user.

    Attributes:
        path: of the file, which need not be there.
    """

    path: Path

    def append(self, records: Iterable[BenchRecord]) -> None:
        """Add records.

        Raises:
            MultirtError: the file is broken, locked, or cannot be written.
        """
        rows = [_row(each) for each in records]
        with database(self.path, _VERSION, _SCHEMA) as connection:
            connection.executemany(_INSERT, rows)

    def records(
        self, program: str | None = None, machine: str | None = None
    ) -> tuple[BenchRecord, ...]:
        """Return what is cached, the oldest first.

        Args:
            program: only of this one, by its key.
            machine: only of this one.

        Raises:
            MultirtError: the file is broken or locked.
        """
        if is_empty(self.path):
            return ()
        wanted = [("program", program), ("machine", machine)]
        filters = [(name, value) for name, value in wanted if value is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in filters) or "1"
        query = f"{_SELECT} WHERE {where} ORDER BY number"
        with database(self.path, _VERSION) as connection:
            rows = connection.execute(query, [storable(value) for _, value in filters]).fetchall()
            return tuple(map(_record, rows))

    def measured_times(
        self, program: Program, usual: str, allowed: Mapping[str, str]
    ) -> tuple[MeasuredTimes, ...]:
        """Return how runtimes compare with the usual one for a program, the fastest first.

        Raises:
            MultirtError: the file is damaged or locked.
        """
        records = self.records(program_key(program), machine_key())
        return compare_times(records, content_of(program), usual, allowed)


def _row(record: BenchRecord) -> Sequence[object]:
    """Return a record as the table has it."""
    return (
        record.session,
        record.at.astimezone(UTC).isoformat(timespec="seconds"),
        storable(record.program),
        record.content,
        json.dumps(record.arguments),
        record.machine,
        record.runtime,
        storable(record.executable),
        int(record.checked),
        json.dumps(record.rounds),
        json.dumps(record.startup),
        record.memory,
        record.threads,
        record.document,
    )


def _record(row: Sequence[object]) -> BenchRecord:
    """Read a row.

    Raises:
        ValueError: another program wrote it.
        TypeError: the same.
    """
    number, session, at, program, content, arguments, machine, runtime, executable = row[:9]
    checked, rounds, startup, memory, threads, document = row[9:]
    values = tuple(tuple(map(float, each)) for each in json.loads(str(rounds)))
    if not values or not all(values) or any(value <= 0 for each in values for value in each):
        message = f"run {number} has no times"
        raise ValueError(message)
    return BenchRecord(
        number=int(str(number)),
        session=str(session),
        at=datetime.fromisoformat(str(at)),
        program=str(program),
        content=str(content),
        arguments=tuple(map(str, json.loads(str(arguments)))),
        machine=str(machine),
        runtime=str(runtime),
        executable=str(executable),
        checked=bool(checked),
        rounds=values,
        startup=tuple(map(float, json.loads(str(startup)))),
        memory=int(str(memory)) if memory is not None else None,
        threads=int(str(threads)) if threads is not None else None,
        document=str(document),
        processor=processor_times(str(document), PROCESSOR),
        idle=processor_times(str(document), IDLE),
    )


def write_csv(records: Sequence[BenchRecord], path: Path) -> None:
    """Write one row for each value.

    Raises:
        MultirtError: the file cannot be written.
    """
    try:
        import csv  # 1 ms, for an export only

        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(_HEADINGS)
            for each in records:
                facts = (each.number, each.session, each.at.isoformat(), each.program)
                more = (each.content, " ".join(each.arguments), each.machine, each.runtime)
                checked = "yes" if each.checked else ""
                for number, values in enumerate(each.rounds, 1):
                    for value in values:
                        writer.writerow((*facts, *more, each.threads, checked, number, value))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", kind=ErrorKind.EXPORT) from error


def write_pyperf(documents: Sequence[tuple[str, str]], folder: Path) -> None:
    """Write pyperf's files, which `pyperf compare_to` and its plots read.

    Args:
        documents: a name for each file, without its ending, and the JSON.
        folder: made when it is not there.

    Raises:
        MultirtError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents:
            (folder / f"{name}.json").write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {folder}: {error.strerror}", kind=ErrorKind.EXPORT
        ) from error


def compare_times(
    records: Sequence[BenchRecord], content: str, usual: str, allowed: Mapping[str, str]
) -> tuple[MeasuredTimes, ...]:
    """Return how others compare in the newest session that measured the usual choice.

    Args:
        records: of the program on this machine, the oldest first.
        content: the program's; what was measured with another content does not count.
        usual: the id of the usual choice.
        allowed: the ids that may be chosen, each with its executable; the usual choice is among
            them, profiles are not.

    Returns:
        The fastest first; empty when there is no such session.
    """
    fit = [each for each in records if each.content == content and each.threads is None]
    fit = [each for each in fit if allowed.get(each.runtime) == each.executable]
    usuals = [each for each in fit if each.runtime == usual]
    if not usuals:
        return ()
    reference = usuals[-1]
    found = [
        MeasuredTimes(
            runtime=each.runtime,
            seconds=each.median,
            usual_seconds=reference.median,
            ratio=paired_ratio(reference.by_round, each.by_round),
            at=each.at,
        )
        for each in fit
        if each.session == reference.session and each.checked and each.runtime != usual
    ]
    return tuple(sorted(found, key=lambda each: each.seconds))
