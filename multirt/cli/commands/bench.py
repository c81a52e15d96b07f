"""Measure one program on several runtimes; show what was measured before."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from multirt.benchmarks import Bench, Change, Effort, bench, changes
from multirt.benchmarks.pyperf import require_pyperf
from multirt.benchmarks.remembering import records_of, reference_records
from multirt.benchmarks.suite import Pace, chosen_benchmarks, run_suite
from multirt.cli.app import valued_options
from multirt.cli.contest import Copy, Html, Profiles, Reference, Seed, Timeout, contest
from multirt.cli.options import PROGRAM, Json
from multirt.cli.program_line import separated
from multirt.cli.program_options import ProgramOptions, Words, arguments_of, takes_program
from multirt.cli.remembered import history_store
from multirt.cli.tables.progress import Progress
from multirt.comparison import Conditions, choose_rules
from multirt.contenders import Field, line_up
from multirt.errors import ExitCode, MultirtError
from multirt.history import Record, machine_key, write_csv, write_pyperf

if TYPE_CHECKING:
    from collections.abc import Sequence

Rounds = Annotated[
    int, typer.Option("--rounds", min=1, help="In each, every runtime has its turn.")
]
Values = Annotated[int, typer.Option("--values", min=1, help="Of each runtime in a round.")]
Warmups = Annotated[
    int, typer.Option("--warmups", min=0, help="Values that are thrown away before them.")
]
Check = Annotated[
    bool, typer.Option("--check/--no-check", help="Measure only those whose output is the same.")
]
Curves = Annotated[
    bool, typer.Option("--curves/--no-curves", help="Show how compilers get warm in one process.")
]
Threads = Annotated[
    str | None, typer.Option("--threads", help="Measure with each number of threads: 1,2,4.")
]
Variable = Annotated[
    str, typer.Option("--threads-variable", help="Where the program reads that number.")
]
Output = Annotated[
    Path | None, typer.Option("--output", help="Write pyperf's JSON files into this folder.")
]
Keep = Annotated[bool, typer.Option("--history/--no-history", help="Remember what was measured.")]
CompareTo = Annotated[
    str | None,
    typer.Option(
        "--compare-to", help="recent, previous, first, best, a run's number, or pyperf's JSON."
    ),
]
Fail = Annotated[
    bool, typer.Option("--fail-on-regression", help="Exit code 1 when it became slower.")
]
Threshold = Annotated[
    float, typer.Option("--threshold", min=0, help="Percent below which a change is none.")
]


Suite = Annotated[
    str | None,
    typer.Option("--suite", help="pyperformance[:name,...] in place of a program."),
]
SuitePace = Annotated[
    Pace, typer.Option("--suite-pace", help="How long each benchmark of a suite may take.")
]


class ProgramFirst(TyperGroup):
    """Commands of which the one that takes a program needs no name."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the name before a program."""
        if args and args[0] in self.commands:
            return super().parse_args(ctx, args)
        measured = self.commands["measure"]
        return super().parse_args(ctx, ["measure", *separated(args, valued_options(measured))])


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(cls=ProgramFirst, help="Measure a program on several runtimes.")
    group.command("measure", context_settings=PROGRAM, hidden=True)(takes_program(measure))
    group.command("history")(show_history)
    app.add_typer(group, name="bench")


def measure(
    words: Words = None,
    *,
    options: ProgramOptions,
    profile: Profiles = None,
    reference: Reference = None,
    copy: Copy = None,
    timeout: Timeout = 60.0,
    hash_seed: Seed = "0",
    rounds: Rounds = 10,
    values: Values = 1,
    warmups: Warmups = 0,
    check: Check = True,
    curves: Curves = True,
    threads: Threads = None,
    threads_variable: Variable = "THREADS",
    output: Output = None,
    history: Keep = True,
    compare_to: CompareTo = None,
    fail_on_regression: Fail = False,
    threshold: Threshold = 5.0,
    html: Html = None,
    suite: Suite = None,
    suite_pace: SuitePace = Pace.FAST,
    as_json: Json = False,
) -> None:
    """Measure a program on every runtime that fits, one in turn after the other.

    `multirt bench history [PROGRAM]` shows what was measured before.
    """
    if suite is not None:
        _measure_suite(
            suite,
            options,
            profile or [],
            reference=reference,
            pace=suite_pace,
            output=output,
            as_json=as_json,
        )
        return
    effort = Effort(
        rounds=rounds,
        values=values,
        warmups=warmups,
        check=check,
        curves=curves,
        threads=_numbers(threads),
        variable=threads_variable,
    )
    conditions = Conditions(
        env=dict(os.environ),
        folder=Path.cwd(),
        copy=copy,
        seconds=timeout,
        seed=None if hash_seed == "random" else hash_seed,
        rules=choose_rules((), ()),
    )
    field = contest(words, options, profile or [], reference)
    measured = _bench(field, arguments_of(words), conditions, effort)
    if output is not None:
        documents = [(_file_name(each), each.document) for each in records_of(measured)]
        write_pyperf(documents, output)
    since = compare_to or ("recent" if fail_on_regression else None)
    earlier, found = _remember(measured, since, threshold / 100, keep=history)
    if as_json:
        from multirt.cli.documents.bench import bench_document

        typer.echo(json.dumps(bench_document(measured, found)))
    else:
        _show(measured, found, since)
    if html is not None:
        from multirt.cli.pages.bench import write_bench

        write_bench(measured, (*earlier, *records_of(measured)), html)
    if fail_on_regression and any(each.regressed for each in found or ()):
        raise typer.Exit(ExitCode.DIFFERENT)


def _measure_suite(
    suite: str,
    options: ProgramOptions,
    profiles: list[str],
    *,
    reference: str | None,
    pace: Pace,
    output: Path | None,
    as_json: bool,
) -> None:
    """Run a suite on the interpreters themselves."""
    require_pyperf()
    names = chosen_benchmarks(suite)
    request = replace(options, python=None).request([])
    field = line_up(request, [], options.python or [], profiles, reference)
    with Progress(len(field.contenders)) as progress:
        folder = request.cache_dir / "pyperformance"
        runs = run_suite(field.contenders, names, pace, folder, progress.step)
    if output is not None:
        write_pyperf([(each.id, each.document) for each in runs if each.document], output)
    if as_json:
        from multirt.cli.documents.bench import suite_document

        typer.echo(json.dumps(suite_document(runs)))
    else:
        from multirt.cli.tables.suite import print_suite

        print_suite(runs)
    if not runs[0].values:
        message = f"nothing ran on {runs[0].id}: {runs[0].trouble}"
        raise MultirtError("suite", message, code=ExitCode.FAILED)


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


def _bench(field: Field, arguments: Sequence[str], conditions: Conditions, effort: Effort) -> Bench:
    """Measure, and say on a terminal how far it is."""
    lanes = len(field.contenders) * max(len(effort.threads), 1)
    steps = len(field.contenders) * effort.check + lanes * (1 + effort.rounds)
    with Progress(steps) as progress:
        return bench(field, arguments, conditions, effort, progress.step)


def _file_name(record: Record) -> str:
    """Return a name for pyperf's file."""
    return record.runtime + (f"-threads-{record.threads}" if record.threads is not None else "")


def _remember(
    measured: Bench, since: str | None, threshold: float, *, keep: bool
) -> tuple[tuple[Record, ...], tuple[Change, ...] | None]:
    """Append what was measured, and compare it with what was there before.

    A history that cannot be used loses nothing that was measured: it is only said.
    """
    store, now = history_store(), records_of(measured)
    earlier: tuple[Record, ...] = ()
    try:
        earlier = store.records(program=measured.program, machine=machine_key())
        if keep:
            store.append(now)
    except MultirtError as error:
        if since is not None:
            raise
        print(f"multirt: not remembered: {error.message}", file=sys.stderr)  # noqa: T201 - for people
    if since is None:
        return earlier, None
    return earlier, changes(now, reference_records(now, earlier, since), threshold)


def _show(measured: Bench, found: tuple[Change, ...] | None, since: str | None) -> None:
    """Print it for people."""
    from multirt.cli.tables.bench import print_bench, print_changes

    print_bench(measured)
    if found is not None and since is not None:
        print_changes(found, since)


def show_history(
    program: Annotated[Path | None, typer.Argument(help="The script; all, when none.")] = None,
    *,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every value as CSV.")] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show what was measured before, of all programs or of one."""
    name = str(Path(os.path.abspath(program))) if program is not None else None  # noqa: PTH100 - a link stays what it is called
    records = history_store().records(program=name)
    if not records:
        where = f" of {program}" if program is not None else ""
        raise MultirtError("history", f"nothing was measured{where}", "multirt bench PROGRAM does")
    if csv is not None:
        write_csv(records, csv)
    if output is not None:
        write_pyperf(
            [(f"{_file_name(each)}-run-{each.number}", each.document) for each in records], output
        )
    if as_json:
        from multirt.cli.documents.bench import history_document

        typer.echo(json.dumps(history_document(records)))
    elif name is not None:
        from multirt.cli.tables.bench import print_history

        print_history(records)
    else:
        from multirt.cli.tables.bench import print_programs

        print_programs(records)
