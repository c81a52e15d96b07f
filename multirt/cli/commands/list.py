"""Show every runtime of the machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from multirt.cli.options import Json, Refresh, search
from runtimes import NoRuntimeError, discover
from runtimes import RuntimeSpec as Spec


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list")(list_runtimes)


def list_runtimes(
    spec: Annotated[str | None, typer.Argument(help="Only those that fit.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what could not be used, and why.")
    ] = False,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """List every Python runtime of this machine."""
    wanted = Spec.parse(spec) if spec is not None else None
    found = discover(search(refresh=refresh))
    shown = [each for each in found.runtimes if wanted is None or wanted.accepts(each)]
    if as_json:
        from multirt.cli.documents.runtimes import list_document

        typer.echo(json.dumps(list_document(shown, found.rejected)))
        return
    from multirt.cli.tables.runtimes import print_rejected, print_runtimes

    if not shown:
        raise NoRuntimeError(spec or "any", tuple(each.id for each in found.runtimes))
    print_runtimes(shown)
    if everything:
        print_rejected(found.rejected)
