"""What `bench` is told, and how it remembers what it measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from multirt.cli.context import history_store
from multirt.errors import MultirtError
from multirt.experiments.bench import Effort, bench
from multirt.experiments.bench_records import records_of, reference_records
from multirt.experiments.history_keys import machine_key
from multirt.experiments.history_model import Record
from multirt.experiments.regression import Change, changes
from multirt.report.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.bench_model import Bench
    from multirt.experiments.compare import Conditions
    from multirt.experiments.variants import Field


class EffortOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of how much is measured."""

    rounds: Annotated[
        int,
        typer.Option("--rounds", metavar="N", min=1, help="In each, every runtime has its turn."),
    ] = 10
    values: Annotated[
        int, typer.Option("--values", metavar="N", min=1, help="Of each runtime in a round.")
    ] = 1
    warmups: Annotated[
        int,
        typer.Option(
            "--warmups", metavar="N", min=0, help="Values that are thrown away before them."
        ),
    ] = 0
    check: Annotated[
        bool,
        typer.Option("--check/--no-check", help="Measure only those whose output is the same."),
    ] = True
    curves: Annotated[
        bool,
        typer.Option("--curves/--no-curves", help="Show how compilers get warm in one process."),
    ] = True
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads", metavar="N,N...", help="Measure with each number of threads: 1,2,4."
        ),
    ] = None
    threads_variable: Annotated[
        str,
        typer.Option(
            "--threads-variable", metavar="NAME", help="Where the program reads that number."
        ),
    ] = "THREADS"

    def effort(self) -> Effort:
        """Return it as the library takes it.

        Raises:
            MultirtError: the numbers of threads are none.
        """
        return Effort(
            rounds=self.rounds,
            values=self.values,
            warmups=self.warmups,
            check=self.check,
            curves=self.curves,
            threads=_numbers(self.threads),
            variable=self.threads_variable,
        )


class SinceOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of earlier measurements."""

    compare_to: Annotated[
        str | None,
        typer.Option(
            "--compare-to",
            metavar="REF",
            help="recent, previous, first, best, a run's number, or pyperf's JSON.",
        ),
    ] = None
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit code 1 when it became slower.")
    ] = False
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold", metavar="PERCENT", min=0, help="Percent below which a change is none."
        ),
    ] = 5.0

    @property
    def since(self) -> str | None:
        """What to compare with; None for nothing."""
        return self.compare_to or ("recent" if self.fail_on_regression else None)

    def changes(
        self, now: Sequence[Record], earlier: Sequence[Record]
    ) -> tuple[Change, ...] | None:
        """Return what became slower or faster; None when nobody asks.

        Args:
            now: one session.
            earlier: what was measured before it of the program on this machine.

        Raises:
            MultirtError: the reference means nothing.
        """
        if self.since is None:
            return None
        return changes(now, reference_records(now, earlier, self.since), self.threshold / 100)

    def fails(self, found: Sequence[Change] | None) -> bool:
        """Whether the command is to fail for what was found."""
        return self.fail_on_regression and any(each.regressed for each in found or ())


def measure_field(
    field: Field, arguments: Sequence[str], conditions: Conditions, effort: Effort
) -> Bench:
    """Measure, and say on a terminal how far it is."""
    lanes = len(field.contenders) * max(len(effort.threads), 1)
    steps = len(field.contenders) * effort.check + lanes * (1 + effort.rounds)
    with Progress(steps) as progress:
        return bench(field, arguments, conditions, effort, progress.step)


def remember(
    measured: Bench, options: SinceOptions, *, keep: bool
) -> tuple[tuple[Record, ...], tuple[Change, ...] | None]:
    """Append what was measured, and compare it with what was there before.

    A history that cannot be used loses nothing that was measured: it is only said.

    Returns:
        All records of the program, those of now among them, and what changed.

    Raises:
        MultirtError: it cannot be used and is to be compared with, or the reference means nothing.
    """
    store, now = history_store(), records_of(measured)
    earlier: tuple[Record, ...] = ()
    try:
        earlier = store.records(program=measured.program, machine=machine_key())
        if keep:
            store.append(now)
    except MultirtError as error:
        if options.since is not None:
            raise
        print(f"multirt: not remembered: {error.message}", file=sys.stderr)  # noqa: T201 - for people
    return (*earlier, *now), options.changes(now, earlier)


def file_name(record: Record) -> str:
    """Return a name for pyperf's file."""
    return record.runtime + (f"-threads-{record.threads}" if record.threads is not None else "")


def _numbers(text: str | None) -> tuple[int, ...]:
    """Read `1,2,4`.

    Raises:
        MultirtError: it is none.
    """
    if text is None:
        return ()
    words = text.split(",")
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise MultirtError("usage", f"no numbers of threads: {text!r}", "write for example 1,2,4")
    return tuple(dict.fromkeys(map(int, words)))
