"""Print the path of one runtime."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from multirt.cli.options import Json, Refresh, complete_runtime, search
from multirt.selection.lazy_discovery import add_explicit_paths
from runtimes import RuntimeSpec as Spec
from runtimes import discover, ranked


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("find")(find_runtime)


def find_runtime(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="3.12, 3.13t, 3.8d, pypy, '>=3.9,<3.12', an id or a path.",
            autocompletion=complete_runtime,
        ),
    ],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show all runtimes that fit, and why in this order.")
    ] = False,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """Print the path of the best runtime that fits."""
    wanted = Spec.parse(spec, fork=True)
    looked = search(refresh=refresh)
    there = add_explicit_paths(discover(looked).runtimes, (wanted,), looked)
    wanted.require_fork(there)
    found = ranked(wanted, there)
    if as_json:
        from multirt.report.list import find_document

        typer.echo(json.dumps(find_document(found, ranking=explain)))
    elif explain:
        from multirt.report.list import print_ranking

        print_ranking(found)
    else:
        typer.echo(os.fsencode(found[0].executable))
