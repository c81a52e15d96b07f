"""Show what canaries have shown; forget a trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.context import history_names
from multirt.cli.options import Json
from multirt.cli.try_canary import canary_store
from multirt.errors import ErrorKind, UsageError
from multirt.experiments.canary_report import report_on

_HINT = "`multirt run --canary SPEC PROGRAM` tries one"
Program = Annotated[
    Path | None, typer.Argument(metavar="PROGRAM", help="The script; default: all.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="Show the results of canaries.", no_args_is_help=True)
    group.command("report")(show_report)
    group.command("forget")(forget)
    app.add_typer(group, name="canary")


def show_report(program: Program = None, *, as_json: Json = False) -> None:
    """Show starts, differences, crashes and times of each canary."""
    store = canary_store()
    names = history_names(program) if program is not None else (None,)
    reports = [report_on(each) for name in names for each in store.courses(name)]
    if not reports:
        of = f" of {program}" if program is not None else ""
        raise UsageError(f"no canary{of} was tried", _HINT, kind=ErrorKind.CANARY)
    if as_json:
        from multirt.report.canary import canary_document

        typer.echo(json.dumps(canary_document(reports)))
    else:
        from multirt.report.canary import print_reports

        print_reports(reports)


def forget(program: Annotated[Path, typer.Argument(metavar="PROGRAM", help="The script.")]) -> None:
    """Delete the trials of a program, so that a stopped canary may be tried again."""
    store = canary_store()
    count = sum(store.forget(name) for name in history_names(program))
    if not count:
        raise UsageError(f"no canary of {program} was tried", _HINT, kind=ErrorKind.CANARY)
    typer.echo(f"forgot {count} trial{'' if count == 1 else 's'}")
