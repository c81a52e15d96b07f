"""Start a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Python, Site, cache_dir, search, specs
from multirt.cli.starting import start
from multirt.dispatch import Request


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
    request = Request(
        script=script,
        specs=specs(python),
        sites=tuple(site or ()),
        search=search(),
        cache_dir=cache_dir(),
    )
    start(request, arguments or [], sys.argv[1:])
