"""Say which runtime a program would be started on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Json, Python, Site, cache_dir, search, specs
from multirt.dispatch import Request, decide
from multirt.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", context_settings=PROGRAM)(explain_choice)


def explain_choice(
    script: Annotated[Path, typer.Argument(help="The script.")],
    *,
    python: Python = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say which runtime a script would be started on, and what stands against each other."""
    decision = decide(
        Request(
            script=script,
            specs=specs(python),
            sites=tuple(site or ()),
            search=search(),
            cache_dir=cache_dir(),
        )
    )
    if as_json:
        from multirt.cli.documents.decision import explain_document

        typer.echo(json.dumps(explain_document(decision)))
    else:
        from multirt.cli.tables.decision import print_decision

        print_decision(decision)
    if decision.chosen is None:
        raise typer.Exit(ExitCode.NOTHING_FITS)
