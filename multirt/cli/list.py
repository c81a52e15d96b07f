"""Show every runtime of the machine."""

from __future__ import annotations

from typing import Annotated

import typer

from multirt.cli.list_runtimes import ListFormat, list_runtimes
from multirt.cli.options import Json, Refresh, complete_runtime
from multirt.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list")(list_command)


def list_command(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="SPEC",
            help="Only runtimes that fit: 3.12, pypy, '>=3.9,<3.12'.",
            autocompletion=complete_runtime,
        ),
    ] = None,
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also show environments and rejects."),
    ] = False,
    shape: Annotated[
        ListFormat | None,
        typer.Option(
            "--format", metavar="FORMAT", help="Print search-path or executables for other tools."
        ),
    ] = None,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """List all Python runtimes of this machine."""
    if shape is not None and (as_json or everything):
        raise UsageError(f"--format {shape} goes with neither --json nor --all")
    code = list_runtimes(spec, everything=everything, as_json=as_json, refresh=refresh, shape=shape)
    raise typer.Exit(code)
