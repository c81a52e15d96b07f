"""Measure one program on several runtimes; show what was measured before."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import replace
from typer.core import TyperGroup

from multirt.cli.app import Command, valued_options
from multirt.cli.argv import separate_program
from multirt.cli.compare import CompareOptions, Html
from multirt.cli.context import history_names, history_store
from multirt.cli.options import (
    PROGRAM,
    Json,
    ProgramArguments,
    ProgramOptions,
    arguments_of,
    takes_program,
)
from multirt.errors import ErrorKind, ExitCode, InputError, MultirtError, OperationError, UsageError
from multirt.experiments.bench import BenchConfig, bench
from multirt.experiments.bench_model import BenchRecord, machine_key
from multirt.experiments.history import records_of, reference_records, write_csv, write_pyperf
from multirt.experiments.pyperf_runner import require_pyperf
from multirt.experiments.pyperformance_suite import SuiteMode, chosen_benchmarks, run_suite
from multirt.experiments.regression import RuntimeChange, changes
from multirt.report.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.bench_model import Bench
    from multirt.experiments.compare import Conditions
    from multirt.experiments.pyperformance_suite import SuiteRun
    from multirt.experiments.variants import Lineup


class BenchOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of how much is measured."""

    rounds: Annotated[
        int,
        typer.Option("--rounds", metavar="N", min=1, help="Number of interleaved rounds."),
    ] = 10
    values: Annotated[
        int, typer.Option("--values", metavar="N", min=1, help="Values of a runtime in a round.")
    ] = 1
    warmups: Annotated[
        int,
        typer.Option("--warmups", metavar="N", min=0, help="Warm-up values to discard."),
    ] = 0
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check",
            show_default=False,
            help="Measure only runtimes with the same output.",
        ),
    ] = True
    curves: Annotated[
        bool,
        typer.Option(
            "--curves/--no-curves", show_default=False, help="Show how compilers warm up."
        ),
    ] = True
    threads: Annotated[
        str | None,
        typer.Option("--threads", metavar="N,N...", help="Numbers of threads, as in 1,2,4."),
    ] = None
    threads_variable: Annotated[
        str,
        typer.Option(
            "--threads-variable",
            metavar="NAME",
            help="Passes the number of threads.",
        ),
    ] = "THREADS"

    def effort(self) -> BenchConfig:
        """Return it as the library takes it.

        Raises:
            MultirtError: the numbers of threads are none.
        """
        return BenchConfig(
            rounds=self.rounds,
            values=self.values,
            warmups=self.warmups,
            check=self.check,
            curves=self.curves,
            threads=_numbers(self.threads),
            variable=self.threads_variable,
        )


class BaselineOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of earlier measurements."""

    compare_to: Annotated[
        str | None,
        typer.Option(
            "--compare-to",
            metavar="REF",
            help="recent, previous, first, best, NUMBER or FILE.",
        ),
    ] = None
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 1 if a runtime became slower.")
    ] = False
    threshold: Annotated[
        float,
        typer.Option(
            "--threshold",
            metavar="PERCENT",
            min=0,
            help="The smallest change that counts.",
        ),
    ] = 5.0

    @property
    def since(self) -> str | None:
        """What to compare with; None for nothing."""
        return self.compare_to or ("recent" if self.fail_on_regression else None)

    def changes(
        self, now: Sequence[BenchRecord], earlier: Sequence[BenchRecord]
    ) -> tuple[RuntimeChange, ...] | None:
        """Return what became slower or faster; None when that is not asked.

        Args:
            now: one session.
            earlier: what was measured before it of the program on this machine.

        Raises:
            MultirtError: the reference means nothing.
        """
        if self.since is None:
            return None
        return changes(now, reference_records(now, earlier, self.since), self.threshold / 100)

    def fails(self, found: Sequence[RuntimeChange] | None) -> bool:
        """Whether the command is to fail for what was found."""
        return self.fail_on_regression and any(each.regressed for each in found or ())


def measure_field(
    field: Lineup, arguments: Sequence[str], conditions: Conditions, effort: BenchConfig
) -> Bench:
    """Measure, and say on a terminal how far it is."""
    lanes = len(field.contenders) * max(len(effort.threads), 1)
    steps = len(field.contenders) * effort.check + lanes * (1 + effort.rounds)
    with Progress(steps) as progress:
        return bench(field, arguments, conditions, effort, progress.step)


def save_records(
    measured: Bench, options: BaselineOptions, *, keep: bool
) -> tuple[tuple[BenchRecord, ...], tuple[RuntimeChange, ...] | None]:
    """Append what was measured, and compare it with what was there before.

    A history that cannot be used loses nothing that was measured: it is only reported.

    Returns:
        All records of the program, those of now among them, and what changed.

    Raises:
        MultirtError: it cannot be used and is to be compared with, or the reference means nothing.
    """
    store, now = history_store(), records_of(measured)
    earlier: tuple[BenchRecord, ...] = ()
    try:
        earlier = store.records(program=measured.program, machine=machine_key())
        if keep:
            store.append(now)
    except MultirtError as error:
        if options.since is not None:
            raise
        print(f"multirt: not saved: {error.message}", file=sys.stderr)  # noqa: T201 - for people
    return (*earlier, *now), options.changes(now, earlier)


def file_name(record: BenchRecord) -> str:
    """Return a name for pyperf's file."""
    return record.runtime + (f"-threads-{record.threads}" if record.threads is not None else "")


def _numbers(text: str | None) -> tuple[int, ...]:
    """Read `1,2,4`.

    Raises:
        MultirtError: it is none.
    """
    if text is None:
        return ()
    numbers = text.split(",")
    if not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise UsageError(f"no numbers of threads: {text!r}", "write for example 1,2,4")
    return tuple(dict.fromkeys(map(int, numbers)))


Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="DIR", help="Write a file of pyperf for each runtime."),
]
Keep = Annotated[
    bool, typer.Option("--history/--no-history", show_default=False, help="Record the measurement.")
]
Suite = Annotated[
    str | None,
    typer.Option("--suite", metavar="SUITE", help="Run pyperformance[:NAME,...] instead."),
]
SuitePace = Annotated[
    SuiteMode | None,
    typer.Option(
        "--suite-pace", metavar="PACE", help="single, fast (default), normal or rigorous."
    ),
]


class ProgramFirst(TyperGroup):
    """Commands of which the one that takes a program needs no name."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the name before a program."""
        if (args and args[0] in self.commands) or (ctx.resilient_parsing and not args):
            return super().parse_args(ctx, args)
        measured = self.commands["measure"]
        return super().parse_args(
            ctx, ["measure", *separate_program(args, valued_options(measured))]
        )


class Unnamed(Command):
    """A command whose name may be left out, so help leaves it out."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer hides its click
        """Write the group's name only."""
        formatter.write_usage(ctx.parent.command_path, " ".join(self.collect_usage_pieces(ctx)))


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(cls=ProgramFirst, help="Measure how fast a program is on several runtimes.")
    group.command("measure", cls=Unnamed, context_settings=PROGRAM, hidden=True)(
        takes_program(measure)
    )
    group.command("history")(takes_program(show_history))
    app.add_typer(group, name="bench")


def measure(
    arguments: ProgramArguments = None,
    *,
    options: ProgramOptions,
    terms: CompareOptions,
    effort: BenchOptions,
    since: BaselineOptions,
    output: Output = None,
    history: Keep = True,
    html: Html = None,
    suite: Suite = None,
    suite_pace: SuitePace = None,
    as_json: Json = False,
) -> None:
    """Measure a program on every compatible runtime, in turns.

    `multirt bench history [PROGRAM]` shows earlier measurements.
    """
    if suite is not None:
        _check_suite(
            arguments, terms, html, unusual=(effort, since) != (BenchOptions(), BaselineOptions())
        )
        _measure_suite(suite, options, terms, suite_pace or SuiteMode.FAST, output, as_json=as_json)
        return
    if suite_pace is not None:
        raise UsageError("--suite-pace goes with --suite")
    conditions = terms.conditions()
    how_much = effort.effort()
    field = terms.field(arguments, options)
    measured = measure_field(field, arguments_of(arguments), conditions, how_much)
    if output is not None:
        write_pyperf([(file_name(each), each.document) for each in records_of(measured)], output)
    records, found = save_records(measured, since, keep=history)
    _show(measured, found, since.since, as_json=as_json)
    if html is not None:
        from multirt.report.bench_html import write_bench

        write_bench(measured, records, html)
    if since.fails(found):
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(
    measured: Bench, found: Sequence[RuntimeChange] | None, since: str | None, *, as_json: bool
) -> None:
    """Print it, as a document or for people."""
    if as_json:
        from multirt.report.bench import bench_document

        typer.echo(json.dumps(bench_document(measured, found)))
        return
    from multirt.report.bench import print_bench, print_changes

    print_bench(measured)
    if found is not None and since is not None:
        print_changes(found, since)


def _check_suite(
    arguments: list[str] | None, terms: CompareOptions, html: Path | None, *, unusual: bool
) -> None:
    """Refuse what a suite does not heed.

    Raises:
        MultirtError: a program or an option that means nothing to it.
    """
    heeded = CompareOptions(profile=terms.profile, reference=terms.reference)
    if arguments or html is not None or unusual or terms != heeded:
        message = "--suite brings its own programs, and how they are measured"
        hint = "with it go --python, --profile, --reference, --suite-pace, --output and --json"
        raise UsageError(message, hint)


def _measure_suite(
    suite: str,
    options: ProgramOptions,
    terms: CompareOptions,
    pace: SuiteMode,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run a suite on the interpreters themselves."""
    require_pyperf()
    names = chosen_benchmarks(suite)
    request = replace(options, python=None).request([])
    field = terms.build_variants(request, options)
    with Progress(len(field.contenders)) as progress:
        runs = run_suite(field.contenders, names, pace, request.stored(), progress.step)
    if output is not None:
        write_pyperf([(each.id, each.document) for each in runs if each.document], output)
    _show_suite(runs, as_json=as_json)
    if not runs[0].values:
        message = f"nothing ran on {runs[0].id}: {runs[0].trouble}"
        raise OperationError(message, kind=ErrorKind.SUITE)


def _show_suite(runs: Sequence[SuiteRun], *, as_json: bool) -> None:
    """Print it, as a document or for people."""
    if as_json:
        from multirt.report.bench import suite_document

        typer.echo(json.dumps(suite_document(runs)))
    else:
        from multirt.report.bench import print_suite

        print_suite(runs)


def show_history(
    program: Annotated[
        Path | None, typer.Argument(metavar="PROGRAM", help="The script; default: all.")
    ] = None,
    *,
    since: BaselineOptions,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all values to a CSV file.")
    ] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show earlier measurements of all programs, or of one."""
    if program is None and since != BaselineOptions():
        raise UsageError("name the program whose last session is to be compared")
    records = _saved_records(program)
    if csv is not None:
        write_csv(records, csv)
    if output is not None:
        write_pyperf(
            [(f"{file_name(each)}-run-{each.number}", each.document) for each in records], output
        )
    found = _last_changes(records, since)
    _show_records(records, found, since.since, one=program is not None, as_json=as_json)
    if since.fails(found):
        raise typer.Exit(ExitCode.DIFFERENT)


def _saved_records(program: Path | None) -> tuple[BenchRecord, ...]:
    """Return all records, or those of one program.

    Raises:
        MultirtError: there are none, or the history cannot be used.
    """
    names = history_names(program) if program is not None else (None,)
    store = history_store()
    records = next((found for each in names if (found := store.records(program=each))), ())
    if not records:
        where = f" of {program}" if program is not None else ""
        raise InputError(
            f"nothing was measured{where}",
            "`multirt bench PROGRAM` measures",
            kind=ErrorKind.HISTORY,
        )
    return records


def _last_changes(
    records: Sequence[BenchRecord], since: BaselineOptions
) -> tuple[RuntimeChange, ...] | None:
    """Compare the last session on this machine with what was before it."""
    here = [each for each in records if each.machine == machine_key()]
    last = here[-1].session if here else None
    now = [each for each in here if each.session == last]
    return since.changes(now, [each for each in here if each.session != last])


def _show_records(
    records: Sequence[BenchRecord],
    found: Sequence[RuntimeChange] | None,
    since: str | None,
    *,
    one: bool,
    as_json: bool,
) -> None:
    """Print them, as a document or for people."""
    if as_json:
        from multirt.report.bench import history_document

        typer.echo(json.dumps(history_document(records, found)))
        return
    from multirt.report.bench import print_changes, print_history, print_programs

    if one:
        print_history(records)
    else:
        print_programs(records)
    if found is not None and since is not None:
        print_changes(found, since)
