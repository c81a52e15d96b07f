"""`matrix import` and `matrix export`: from other runners, and for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multirt.cli.context import search
from multirt.cli.matrix.load import Asked, open_matrix
from multirt.cli.matrix.options import Names, Project
from multirt.config.project_files import find_root
from multirt.errors import MultirtError
from multirt.matrix.cells import Pick
from runtimes import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

_THEIRS = ("tox.ini", "tox.toml", "noxfile.py", "hatch.toml")


def import_configuration(
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="tox, nox or hatch.")],
    *,
    project: Project = None,
) -> None:
    """Print the configuration that does what another runner is configured to do."""
    from multirt.matrix.convert import IMPORTS, configuration, together, unfit

    reader = IMPORTS[_known(runner, tuple(IMPORTS))]
    imported = reader(find_root(project or Path.cwd(), *_THEIRS), _with_runtimes(os.environ))
    typer.echo(configuration(imported), nl=False)
    for each in together((*imported.lost, *unfit(imported))):
        typer.echo(f"not carried over: {each}", err=True)


def export_configuration(
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="tox, nox, hatch or github.")],
    names: Names = None,
    *,
    project: Project = None,
) -> None:
    """Print the configuration of another runner that tests the same cells."""
    from multirt.matrix.convert import EXPORTS, export

    _known(runner, EXPORTS)
    opened = open_matrix(Asked(project=project, pick=Pick(names=tuple(names or ()))))
    # A run without names leaves the tasks out; whoever changes the runner wants them too.
    typer.echo(export(runner, opened.meant if names else opened.cells.cells), nl=False)


def _with_runtimes(env: Mapping[str, str]) -> dict[str, str]:
    """Return variables with which other runners find the runtimes of this machine too."""
    found = (str(each.executable.parent) for each in discover(search()).runtimes)
    path = dict.fromkeys((env.get("PATH", os.defpath), *found))
    return {**env, "PATH": os.pathsep.join(path)}


def _known(runner: str, known: tuple[str, ...]) -> str:
    if runner not in known:
        message = f"not a runner that is known: {runner!r}"
        raise MultirtError("usage", message, f"there is {', '.join(known)}")
    return runner
