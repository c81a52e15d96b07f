"""Show what canaries have shown; forget a trial."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.canary import report_on
from multirt.cli.options import Json
from multirt.cli.trying import canary_store
from multirt.errors import MultirtError

Program = Annotated[Path | None, typer.Argument(help="The script; all, when none.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="What canaries have shown.", no_args_is_help=True)
    group.command("report")(show_report)
    group.command("forget")(forget)
    app.add_typer(group, name="canary")


def show_report(program: Program = None, *, as_json: Json = False) -> None:
    """Show starts, differences, crashes and times of each canary, and what to do."""
    reports = [report_on(each) for each in canary_store().courses(_key(program))]
    if not reports:
        hint = "multirt run --canary SPEC PROGRAM tries one"
        raise MultirtError("canary", "no canary was tried", hint)
    if as_json:
        from multirt.cli.documents.canary import canary_document

        typer.echo(json.dumps(canary_document(reports)))
    else:
        from multirt.cli.tables.canary import print_reports

        print_reports(reports)


def forget(program: Annotated[Path, typer.Argument(help="The script.")]) -> None:
    """Forget a program's trials, so that a canary that was stopped may be tried again."""
    count = canary_store().forget(str(_key(program)))
    if not count:
        hint = "multirt canary report shows what was tried"
        raise MultirtError("canary", f"no canary of {program} was tried", hint)
    typer.echo(f"forgot {count} trial{'' if count == 1 else 's'}")


def _key(program: Path | None) -> str | None:
    """Return what a script is found by; a module or command is named as it was started."""
    if program is None:
        return None
    return os.path.abspath(program) if program.exists() else str(program)  # noqa: PTH100 - a link stays what it is called
