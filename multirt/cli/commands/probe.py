"""Say on which runtimes a binary works."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from multirt.cli.options import Json, Python, Site, search, specs
from multirt.errors import ExitCode
from multirt.probing import Probing, probe


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probe")(probe_targets)


def probe_targets(
    targets: Annotated[
        list[str], typer.Argument(help="Wheels, folders, binaries or installed distributions.")
    ],
    *,
    python: Python = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say on which runtimes a binary works, where not, and why."""
    found = probe(
        Probing(
            targets=tuple(targets),
            specs=specs(python),
            sites=tuple(site or ()),
            search=search(),
        )
    )
    if as_json:
        from multirt.cli.documents.probing import probe_document

        typer.echo(json.dumps(probe_document(found)))
    else:
        from multirt.cli.tables.probing import print_probed

        print_probed(found)
    if any(each.trouble for each in found):
        raise typer.Exit(ExitCode.USAGE)
    if any(each.violations for each in found):
        raise typer.Exit(ExitCode.VIOLATION)
