"""`multirt matrix`: test a project on every runtime."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace
from typer.core import TyperGroup

from multirt.cli.app import Command, valued_options
from multirt.cli.context import search
from multirt.cli.matrix_run import (
    MatrixArgs,
    given_arguments,
    joined,
    open_matrix,
    planner,
    run_again,
    run_opened,
    run_planned,
    state_folder,
    write_results,
)
from multirt.cli.options import Json
from multirt.config.project import find_root
from multirt.errors import MultirtError, UsageError
from multirt.matrix.cells import CellSelection
from multirt.matrix.model import NullView, RunOptions
from multirt.matrix.report import exit_code, merge
from multirt.matrix.scheduler import processors
from multirt.process.signals import interrupt_on_termination
from multirt.report.matrix import check_target, read_document, wanted
from multirt.report.matrix_json import github_document, list_document, plan_document
from runtimes import NoRuntimeError, RuntimeSpec, discover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def complete_cell(incomplete: str) -> list[str]:
    """Return the names of cells of the project that begin so; none where there is no project."""
    try:
        cells = open_matrix(MatrixArgs(project=None, pick=CellSelection())).cells.cells
    except MultirtError:
        return []
    return [each.name for each in cells if each.name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Cells, tasks or runtimes: 3.12, py312, lint.",
        metavar="NAME...",
        autocompletion=complete_cell,
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        help="Run only this cell; may be repeated.",
        autocompletion=complete_cell,
    ),
]
Axis = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        "-a",
        metavar="AXIS=VALUE",
        help="Run only this value of an axis; may be repeated.",
    ),
]
Keywords = Annotated[
    str | None,
    typer.Option("-k", metavar="EXPR", help="Run only cells that match, as in '3.12 and not t'."),
]
Project = Annotated[
    Path | None, typer.Option("--project", metavar="DIR", help="The project; default: the nearest.")
]
Wheel = Annotated[
    list[Path] | None,
    typer.Option("--wheel", metavar="FILE", help="Test a wheel built elsewhere; may be repeated."),
]
Missing = Annotated[
    str | None,
    typer.Option(
        "--missing", metavar="error|skip", help="Treat a missing runtime as an error, or skip it."
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Build, resolve and install everything again.")
]
Github = Annotated[bool, typer.Option("--github", help="Print the matrix of a GitHub workflow.")]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Number of cells that run at a time."),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", "-x", help="Stop at the first failure.")]
Live = Annotated[bool, typer.Option("--live", help="Show the output of the tests while they run.")]
IsQuiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only the summary.")]
LastFailed = Annotated[
    bool, typer.Option("--last-failed", "--lf", help="Run only the cells that failed last time.")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", min=0.1, metavar="SECONDS", help="Time for each cell; default: none."
    ),
]
Grace = Annotated[
    float | None,
    typer.Option(
        "--grace", min=0.1, metavar="SECONDS", help="Time to clean up after Ctrl-C; default: 10."
    ),
]
Executor = Annotated[
    str | None,
    typer.Option("--executor", metavar="ADDRESS", help="Use a cluster: dask://HOST:PORT."),
]
Cover = Annotated[bool, typer.Option("--cov", help="Measure the coverage on all runtimes.")]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report", metavar="KIND=FILE", help="Write json, junit, md or html; may be repeated."
    ),
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="The same as --report html=FILE.")
]


def axes(values: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Return the axis and the value that each `AXIS=VALUE` names.

    Raises:
        MultirtError: one has no `=`.
    """
    pairs = []
    for item in values or ():
        name, sign, value = item.partition("=")
        if not (name and sign and value):
            message = f"-a takes an axis and a value, not {item!r}"
            raise UsageError(message, "write for example -a django=5.2")
        pairs.append((name, value))
    return tuple(pairs)


def reports_of(values: list[str] | None, html: Path | None) -> list[tuple[str, Path]]:
    """Return the kind and the file of each report that is asked for.

    Raises:
        MultirtError: one is of no kind that there is, or cannot be written.
    """
    requests = [wanted(each) for each in values or ()]
    requests += [("html", html)] if html is not None else []
    return [(kind, check_target(file)) for kind, file in requests]


REST = "multirt.rest"


class RunByDefault(TyperGroup):
    """A group of commands in which `run` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Put the command first, and `run` where none is named or being completed."""
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, with_command(args, self.commands))


def with_command(args: list[str], commands: Mapping[str, Any]) -> list[str]:
    """Return words with the command first; `run` where the first that is no option names none."""
    if args[:1] in (["--help"], ["-h"]):
        return args
    valued = frozenset[str]().union(*map(valued_options, commands.values()))
    takes_value = False
    for index, item in enumerate(args):
        if item == "--":
            break
        if takes_value or item.startswith("-"):
            takes_value = not takes_value and item in valued
        elif item in commands:
            return [item, *args[:index], *args[index + 1 :]]
        else:
            break
    return ["run", *args]


class WithRest(Command):
    """A command whose words after `--` belong to another."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Set the words after `--` aside."""
        if "--" in args:
            index = args.index("--")
            ctx.meta[REST] = tuple(args[index + 1 :])
            args = args[:index]
        return super().parse_args(ctx, args)


def rest(ctx: typer.Context) -> tuple[str, ...]:
    """Return the words after `--`."""
    values: tuple[str, ...] = ctx.meta.get(REST, ())
    return values


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
    """Test the project on every runtime; arguments after `--` go to the tests."""
    reports = reports_of(report, html)
    if cover and executor is not None:
        message = "--cov combines what was measured on this machine, --executor tests on others"
        raise UsageError(message, "leave one of the two away")
    requests = MatrixArgs(
        project=project,
        pick=CellSelection(
            names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords
        ),
        missing=missing,
        last_failed=last_failed,
        fresh=fresh,
        far=ctx.with_resource(joined(executor)) if executor is not None else None,
    )
    options = RunOptions(
        jobs=jobs or processors(),
        fail_fast=fail_fast,
        wheels=tuple(wheel or ()),
        posargs=rest(ctx),
        timeout=timeout,
        grace=grace,
        cover=cover,
    )
    interrupt_on_termination()
    done = run_again(requests, options, live=live, quiet=quiet)
    if done is None:
        done = run_planned(requests, options, jobs=jobs, live=live, quiet=quiet)
    given = {
        "--project": project,
        "--missing": missing,
        "--timeout": timeout,
        "--executor": executor,
        "--wheel": wheel,
        "--cov": cover,
    }
    done = replace(done, arguments=given_arguments(given))
    raise typer.Exit(write_results(done, reports, state=state_folder(project)))


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
    """Build the wheel, resolve and install, but run no tests."""
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
    options = RunOptions(jobs=jobs or processors(), wheels=tuple(wheel or ()), test=False)
    interrupt_on_termination()
    done = run_opened(opened, options)
    raise typer.Exit(write_results(done, in_job=False))


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
        raise UsageError("exec wants a command after --", hint)
    pick = CellSelection(names=(*(names or ()), *(env or ())))
    opened = open_matrix(MatrixArgs(project=project, pick=pick))
    cells = tuple(replace(cell, commands=(command,)) for cell in opened.selected)
    options = RunOptions(
        jobs=jobs or processors(), wheels=tuple(wheel or ()), timeout=timeout, grace=grace
    )
    opened = replace(opened, selected=cells, selection=None)
    interrupt_on_termination()
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
    """Show which wheel each cell tests, or why it cannot."""
    from multirt.report.matrix_text import print_plan

    wanted = CellSelection(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords)
    opened = open_matrix(MatrixArgs(project=project, pick=wanted, missing=missing, fresh=fresh))
    options = RunOptions(jobs=processors(), wheels=tuple(wheel or ()))
    wheels, plans = planner(opened, options, NullView().say).foresee(opened.selected)
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
    """List the cells of the matrix."""
    from multirt.report.matrix_text import print_cells

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
    wanted = [RuntimeSpec.parse(item, fork=True) for item in specs or ()]
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
        list[Path], typer.Argument(metavar="FILE...", help="JSON reports of the same wheel.")
    ],
    *,
    report: Reports = None,
    html: Html = None,
) -> None:
    """Merge reports of the same wheel from several machines."""
    reports = reports_of(report, html)
    merged = merge([(str(file), read_document(file)) for file in files])
    raise typer.Exit(write_results(merged, reports))


def import_configuration(
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="tox, nox or hatch.")],
    *,
    project: Project = None,
) -> None:
    """Print the configuration of another runner as one of multirt."""
    from multirt.matrix.convert import IMPORTS, group_unsupported, to_toml, unsupported_settings

    reader = IMPORTS[_known(runner, tuple(IMPORTS))]
    imported = reader(find_root(project or Path.cwd(), *_THEIRS), _with_runtimes(os.environ))
    typer.echo(to_toml(imported), nl=False)
    for each in group_unsupported((*imported.lost, *unsupported_settings(imported))):
        typer.echo(f"not carried over: {each}", err=True)


def export_configuration(
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="github.")],
) -> None:
    """Print a workflow for another runner that tests the same cells."""
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
        raise UsageError(message, f"there is {', '.join(known)}")
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
        help="Test a wheel of the project on every runtime; default command: `run`.",
    )
    for name, function in _COMMANDS:
        group.command(name, cls=WithRest)(function)
    app.add_typer(group, name="matrix")
