"""`matrix import` and `matrix export`: from other runners, and for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.commands.matrix.opening import Asked, open_matrix
from multirt.cli.commands.matrix.options import Names, Project
from multirt.errors import MultirtError
from multirt.matrix.cells import Pick
from multirt.matrix.project import find_root

_THEIRS = ("tox.ini", "tox.toml", "noxfile.py", "hatch.toml")


def import_configuration(
    runner: Annotated[str, typer.Argument(help="tox, nox or hatch.")], *, project: Project = None
) -> None:
    """Print the configuration that does what another runner is configured to do."""
    from multirt.matrix.migration import IMPORTS, configuration, together, unfit

    reader = IMPORTS[_known(runner, tuple(IMPORTS))]
    imported = reader(find_root(project or Path.cwd(), *_THEIRS))
    typer.echo(configuration(imported), nl=False)
    for each in together((*imported.lost, *unfit(imported))):
        typer.echo(f"not carried over: {each}", err=True)


def export_configuration(
    runner: Annotated[str, typer.Argument(help="tox, nox, hatch or github.")],
    names: Names = None,
    *,
    project: Project = None,
) -> None:
    """Print the configuration of another runner that tests the same cells."""
    from multirt.matrix.migration import EXPORTS, export

    _known(runner, EXPORTS)
    opened = open_matrix(Asked(project=project, pick=Pick(names=tuple(names or ()))))
    typer.echo(export(runner, opened.meant), nl=False)


def _known(runner: str, known: tuple[str, ...]) -> str:
    if runner not in known:
        message = f"not a runner that is known: {runner!r}"
        raise MultirtError("usage", message, f"there is {', '.join(known)}")
    return runner
