"""Start a program."""

from __future__ import annotations

from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Python, Site
from multirt.cli.starting import start_script


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", context_settings=PROGRAM)(run_program)


def run_program(
    script: Annotated[str, typer.Argument(help="The script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="For the script; all of it is its own.")
    ] = None,
    *,
    python: Python = None,
    site: Site = None,
) -> None:
    """Start a script on a runtime that can run it."""
    start_script(script, arguments or [], python=python or (), sites=[*map(str, site or ())])
