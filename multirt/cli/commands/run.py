"""Start a program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Python, Site, cache_dir, search, specs
from multirt.dispatch import Request, decide, plan
from multirt.launch import launch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", context_settings=PROGRAM)(run_program)


def run_program(
    script: Annotated[Path, typer.Argument(help="The script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="For the script; all of it is its own.")
    ] = None,
    *,
    python: Python = None,
    site: Site = None,
) -> None:
    """Start a script on a runtime that can run it."""
    from multirt.cli.tables.decision import say_unasked

    request = Request(
        script=script,
        specs=specs(python),
        sites=tuple(site or ()),
        search=search(),
        cache_dir=cache_dir(),
    )
    decision = decide(request)
    planned = plan(decision, request, arguments or [])
    if not request.specs:
        say_unasked(decision)
    launch(planned, os.environ)
