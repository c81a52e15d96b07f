"""`multirt matrix`: test a project on every runtime."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from multirt.cli.context import search
from multirt.cli.matrix_options import (
    Axis,
    Cover,
    Env,
    Executor,
    FailFast,
    Fresh,
    Github,
    Grace,
    Html,
    IsQuiet,
    Jobs,
    Keywords,
    LastFailed,
    Live,
    Missing,
    Names,
    Project,
    Reports,
    RunByDefault,
    Timeout,
    Wheel,
    WithRest,
    axes,
    reports_of,
    rest,
)
from multirt.cli.matrix_run import (
    MatrixArgs,
    given_arguments,
    hand_out,
    joined,
    open_matrix,
    planner,
    run_again,
    run_opened,
    run_planned,
    state_folder,
)
from multirt.cli.options import Json
from multirt.config.project_files import find_root
from multirt.errors import MultirtError
from multirt.matrix.cells import CellSelection
from multirt.matrix.merge import merge
from multirt.matrix.model import Options, Quiet
from multirt.matrix.report import exit_code
from multirt.matrix.scheduler import processors
from multirt.process.signals import interruptible
from multirt.report.matrix import read_document
from multirt.report.matrix_json import github_document, list_document, plan_document
from runtimes import NoRuntimeError, RuntimeSpec, discover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_THEIRS = ("tox.ini", "tox.toml", "noxfile.py", "hatch.toml")


def run_matrix(
    ctx: typer.Context,
    names: Names = None,
    *,
    env: Env = None,
    axis: Axis = None,
    keywords: Keywords = None,
    project: Project = None,
    jobs: Jobs = None,
    fail_fast: FailFast = False,
    live: Live = False,
    quiet: IsQuiet = False,
    fresh: Fresh = False,
    wheel: Wheel = None,
    missing: Missing = None,
    last_failed: LastFailed = False,
    timeout: Timeout = None,
    grace: Grace = None,
    cover: Cover = False,
    executor: Executor = None,
    report: Reports = None,
    html: Html = None,
) -> None:
    """Test the project on every runtime; what follows `--` goes to the tests."""
    reports = reports_of(report, html)
    if cover and executor is not None:
        message = "--cov combines what was measured on this machine, --executor tests on others"
        raise MultirtError("usage", message, "leave one of the two away")
    asked = MatrixArgs(
        project=project,
        pick=CellSelection(
            names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords
        ),
        missing=missing,
        last_failed=last_failed,
        fresh=fresh,
        far=ctx.with_resource(joined(executor)) if executor is not None else None,
    )
    options = Options(
        jobs=jobs or processors(),
        fail_fast=fail_fast,
        wheels=tuple(wheel or ()),
        posargs=rest(ctx),
        timeout=timeout,
        grace=grace,
        cover=cover,
    )
    interruptible()
    done = run_again(asked, options, live=live, quiet=quiet)
    if done is None:
        done = run_planned(asked, options, jobs=jobs, live=live, quiet=quiet)
    given = {
        "--project": project,
        "--missing": missing,
        "--timeout": timeout,
        "--executor": executor,
        "--wheel": wheel,
        "--cov": cover,
    }
    done = replace(done, arguments=given_arguments(given))
    raise typer.Exit(hand_out(done, reports, state=state_folder(project)))


def sync_environments(
    names: Names = None,
    *,
    env: Env = None,
    axis: Axis = None,
    keywords: Keywords = None,
    project: Project = None,
    jobs: Jobs = None,
    fresh: Fresh = False,
    wheel: Wheel = None,
    missing: Missing = None,
) -> None:
    """Do all but the tests: build the wheel, resolve and install."""
    opened = open_matrix(
        MatrixArgs(
            project=project,
            pick=CellSelection(
                names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords
            ),
            missing=missing,
            fresh=fresh,
        )
    )
    options = Options(jobs=jobs or processors(), wheels=tuple(wheel or ()), test=False)
    interruptible()
    done = run_opened(opened, options)
    raise typer.Exit(hand_out(done, in_job=False))


def exec_command(
    ctx: typer.Context,
    names: Names = None,
    *,
    env: Env = None,
    project: Project = None,
    jobs: Jobs = None,
    wheel: Wheel = None,
    timeout: Timeout = None,
    grace: Grace = None,
) -> None:
    """Run the command after `--` in the environments of some cells."""
    command = rest(ctx)
    if not command:
        hint = "multirt matrix exec -e 3.12 -- python -c 'print(1)'"
        raise MultirtError("usage", "exec wants a command after --", hint)
    pick = CellSelection(names=(*(names or ()), *(env or ())))
    opened = open_matrix(MatrixArgs(project=project, pick=pick))
    cells = tuple(replace(cell, commands=(command,)) for cell in opened.selected)
    options = Options(
        jobs=jobs or processors(), wheels=tuple(wheel or ()), timeout=timeout, grace=grace
    )
    opened = replace(opened, selected=cells, selection=None)
    interruptible()
    report = run_opened(opened, options, live=True)
    raise typer.Exit(exit_code(report))


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

    wanted = CellSelection(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords)
    opened = open_matrix(MatrixArgs(project=project, pick=wanted, missing=missing, fresh=fresh))
    options = Options(jobs=processors(), wheels=tuple(wheel or ()))
    wheels, plans = planner(opened, options, Quiet().say).foresee(opened.selected)
    if as_json:
        typer.echo(json.dumps(plan_document(wheels, plans)))
    else:
        print_plan(wheels, plans)


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

    wanted = CellSelection(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords)
    opened = open_matrix(MatrixArgs(project=project, pick=wanted))
    shown = opened.selected if wanted != CellSelection() else opened.cells.cells
    if as_github:
        typer.echo(json.dumps(github_document(opened.selected)))
    elif as_json:
        typer.echo(json.dumps(list_document(shown, opened.cells.excluded, opened.config.notes)))
    else:
        print_cells(shown, opened.cells.excluded, opened.config.notes)


def offer_runtimes(
    specs: Annotated[
        list[str] | None,
        typer.Argument(help="Only runtimes that fit: 3.8, pypy, >=3.12.", metavar="SPEC..."),
    ] = None,
) -> None:
    """Print the runtimes of this machine as resources: dask worker --resources."""
    wanted = [RuntimeSpec.parse(word, fork=True) for word in specs or ()]
    found = [each for each in discover(search()).runtimes if "venv" in each.stdlib]
    known = tuple(each.id for each in found)
    for spec in wanted:
        if not any(spec.accepts(each) for each in found):
            raise NoRuntimeError(str(spec), known)
    names = [each.id for each in found if not wanted or any(spec.accepts(each) for spec in wanted)]
    # As many cells of one runtime at a time as the worker may do of any.
    typer.echo(",".join(f"{name}={processors()}" for name in names))


def merge_reports(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSON reports of the same wheels.")
    ],
    *,
    report: Reports = None,
    html: Html = None,
) -> None:
    """Merge the reports of several machines; refuse those of different wheels."""
    reports = reports_of(report, html)
    merged = merge([(str(file), read_document(file)) for file in files])
    raise typer.Exit(hand_out(merged, reports))


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
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="github.")],
) -> None:
    """Print the configuration of another runner that tests the same cells."""
    from multirt.matrix.convert import WORKFLOW

    _known(runner, ("github",))
    typer.echo(WORKFLOW)


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


_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("run", run_matrix),
    ("plan", plan_cells),
    ("list", list_cells),
    ("sync", sync_environments),
    ("exec", exec_command),
    ("offer", offer_runtimes),
    ("merge", merge_reports),
    ("import", import_configuration),
    ("export", export_configuration),
)


def register(app: typer.Typer) -> None:
    """Add the command with its own subcommands; `run` is the default."""
    group = typer.Typer(
        cls=RunByDefault,
        help="Test one built wheel on every runtime; `run` where no command is named.",
    )
    for name, function in _COMMANDS:
        group.command(name, cls=WithRest)(function)
    app.add_typer(group, name="matrix")
