"""Show every runtime of the machine."""

from __future__ import annotations

from typing import Annotated

import typer

from multirt.cli.list_runtimes import list_runtimes
from multirt.cli.options import Json, Refresh


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list")(list_command)


def list_command(
    spec: Annotated[str | None, typer.Argument(metavar="SPEC", help="Only those that fit.")] = None,
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also environments, and what could not be used and why."),
    ] = False,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """List every Python runtime of this machine."""
    code = list_runtimes(spec, everything=everything, as_json=as_json, refresh=refresh)
    raise typer.Exit(code)
