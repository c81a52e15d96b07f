"""`matrix plan` and `matrix list`: what a run would do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from multirt.cli.matrix.load import Asked, engine, open_matrix
from multirt.cli.matrix.options import (
    Axis,
    Env,
    Fresh,
    Keywords,
    Missing,
    Names,
    Project,
    Wheel,
    axes,
)
from multirt.cli.options import Json
from multirt.matrix.cells import Pick
from multirt.matrix.scheduler import processors
from multirt.matrix.session import Options, Quiet
from multirt.report.matrix_plan_json import github_document, list_document, plan_document

Github = Annotated[
    bool, typer.Option("--github", help="Print the matrix of a GitHub workflow, for fromJSON.")
]


def plan_cells(
    names: Names = None,
    *,
    env: Env = None,
    axis: Axis = None,
    keywords: Keywords = None,
    project: Project = None,
    wheel: Wheel = None,
    missing: Missing = None,
    fresh: Fresh = False,
    as_json: Json = False,
) -> None:
    """Say for each cell which wheel it tests, or why it cannot be tested."""
    from multirt.report.matrix_plan_text import print_plan

    wanted = Pick(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords)
    opened = open_matrix(Asked(project=project, pick=wanted, missing=missing, fresh=fresh))
    options = Options(jobs=processors(), wheels=tuple(wheel or ()))
    with engine(opened, options, Quiet()) as ready:
        wheels, planned = ready.foresee(opened.meant)
    if as_json:
        typer.echo(json.dumps(plan_document(wheels, planned)))
    else:
        print_plan(wheels, planned)


def list_cells(
    names: Names = None,
    *,
    env: Env = None,
    axis: Axis = None,
    keywords: Keywords = None,
    project: Project = None,
    as_json: Json = False,
    as_github: Github = False,
) -> None:
    """Show the cells of the matrix; nothing is built."""
    from multirt.report.matrix_plan_text import print_cells

    wanted = Pick(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords)
    opened = open_matrix(Asked(project=project, pick=wanted))
    shown = opened.meant if wanted != Pick() else opened.cells.cells
    if as_github:
        typer.echo(json.dumps(github_document(opened.meant)))
    elif as_json:
        typer.echo(json.dumps(list_document(shown, opened.cells.excluded, opened.config.notes)))
    else:
        print_cells(shown, opened.cells.excluded, opened.config.notes)
