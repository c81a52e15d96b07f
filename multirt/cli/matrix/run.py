"""`matrix run`, `matrix sync` and `matrix exec`: make environments, and run commands in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from msgspec.structs import replace

from multirt.cli.matrix.grammar import rest
from multirt.cli.matrix.load import Asked, Opened, engine, joined, open_matrix
from multirt.cli.matrix.options import (
    Axis,
    Cover,
    Env,
    Executor,
    FailFast,
    Fresh,
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
    Timeout,
    Wheel,
    axes,
    reports_of,
)
from multirt.cli.matrix.write_reports import hand_out
from multirt.config.posargs import POSARGS, takes_posargs
from multirt.errors import ExitCode, MultirtError
from multirt.matrix.cells import Pick
from multirt.matrix.model import Package
from multirt.matrix.remembered import state_of_sources
from multirt.matrix.remembering import Grounds, remember
from multirt.matrix.report import exit_code, report_of
from multirt.matrix.scheduler import processors
from multirt.matrix.session import Options, Quiet
from multirt.process.signals import interruptible
from multirt.report.matrix import write
from runtimes import rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from multirt.matrix.report import Report
    from multirt.matrix.results import Run
    from multirt.matrix.session import View


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
    opened = open_matrix(
        Asked(
            project=project,
            pick=Pick(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords),
            missing=missing,
            last_failed=last_failed,
            fresh=fresh,
            far=ctx.with_resource(joined(executor)) if executor is not None else None,
        )
    )
    _check_package(opened)
    options = Options(
        # With a cluster they only wait: its workers say how much they do at a time.
        jobs=jobs or (processors() if opened.far is None else len(opened.meant)),
        fail_fast=fail_fast,
        wheels=tuple(wheel or ()),
        posargs=rest(ctx),
        timeout=timeout,
        grace=grace,
        cover=cover,
    )
    _check_posargs(opened, options)
    if cover:
        opened = _with_requirement(opened, "coverage")
    done = _run(opened, options, _view(opened, live=live, quiet=quiet))
    given = {
        "--project": project,
        "--missing": missing,
        "--timeout": timeout,
        "--executor": executor,
        "--wheel": wheel,
        "--cov": cover,
    }
    done = replace(done, arguments=_arguments(given))
    raise typer.Exit(hand_out(done, reports, state=opened.state))


def _arguments(given: Mapping[str, object]) -> tuple[str, ...]:
    """Return options as they were given; those that were not are None, False or empty."""
    words: list[str] = []
    for name, value in given.items():
        if value is True:
            words.append(name)
        elif value:
            values = value if isinstance(value, list) else [value]
            words += [word for each in values for word in (name, str(each))]
    return tuple(words)


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
        Asked(
            project=project,
            pick=Pick(names=(*(names or ()), *(env or ())), axes=axes(axis), keywords=keywords),
            missing=missing,
            fresh=fresh,
        )
    )
    options = Options(jobs=jobs or processors(), wheels=tuple(wheel or ()), test=False)
    done = _run(opened, options, _view(opened, live=False, quiet=False))
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
    pick = Pick(names=(*(names or ()), *(env or ())))
    opened = open_matrix(Asked(project=project, pick=pick))
    cells = tuple(replace(cell, commands=(command,)) for cell in opened.meant)
    options = Options(
        jobs=jobs or processors(), wheels=tuple(wheel or ()), timeout=timeout, grace=grace
    )
    opened = replace(opened, meant=cells, again=None)
    report = _run(opened, options, _view(opened, live=True, quiet=False))
    raise typer.Exit(exit_code(report))


def _view(opened: Opened, *, live: bool, quiet: bool) -> AbstractContextManager[View]:
    from contextlib import nullcontext

    from multirt.report.matrix_progress import watching

    return nullcontext(Quiet()) if quiet else watching(len(opened.meant), live=live)


def _run(opened: Opened, options: Options, shown: AbstractContextManager[View]) -> Report:
    """Test what is meant, keep the report for the next time, and return it."""
    interruptible()
    known = _sources(opened) if opened.again is not None and options.is_usual else None
    with shown as view, engine(opened, options, view) as ready:
        run = ready.run(opened.cells, opened.meant)
        if options.cover:
            run = _combined(run, ready.room, view)
    report = replace(report_of(run, opened.title), posargs=options.posargs)
    if options.test:
        write(report, "json", opened.last)
    if known is not None and opened.again is not None:
        grounds = Grounds(since=opened.since, sources=known, paths=tuple(_paths(opened)))
        remember(opened.again, run, opened.title, grounds)
    return report


def _sources(opened: Opened) -> str | None:
    """Return the state of the sources, None where they cannot be read: then nothing is built."""
    try:
        return state_of_sources(opened.config.root, opened.state)
    except OSError:
        return None


def _paths(opened: Opened) -> Iterator[str]:
    """Yield the files and folders on which it rests which cells there are and what they need."""
    from multirt.environments import named_paths  # it is there by now

    yield from opened.noticed
    for cell in opened.meant:
        if cell.runtime is not None:
            yield str(cell.runtime.executable)
        yield from map(str, named_paths(cell.needs.requirements))
        yield from map(str, cell.needs.constraints)
        if cell.needs.lock is not None:
            yield str(cell.needs.lock)


def _check_posargs(opened: Opened, options: Options) -> None:
    """Refuse words after `--` that no command takes."""
    commands = (command for cell in opened.meant for command in cell.commands)
    if options.posargs and not any(map(takes_posargs, commands)):
        message = "no command of the matrix takes the words after --"
        raise MultirtError("usage", message, f'put "{POSARGS}" into its commands')


def _check_package(opened: Opened) -> None:
    """Refuse to install for a worker from a folder that only this machine has."""
    editable = [cell.name for cell in opened.meant if cell.package is Package.EDITABLE]
    if opened.far is not None and editable:
        message = f'{editable[0]} has package = "editable": a worker cannot import from this folder'
        raise MultirtError("usage", message, 'take "wheel", or run it without --executor')


def _with_requirement(opened: Opened, requirement: str) -> Opened:
    """Return a matrix whose cells that run tests have one more requirement."""
    cells = tuple(
        replace(
            cell,
            needs=replace(cell.needs, requirements=(*cell.needs.requirements, requirement)),
        )
        for cell in opened.meant
    )
    return replace(opened, meant=cells)


def _combined(run: Run, folder: Path, view: View) -> Run:
    """Combine what the cells measured, and say so in the notes."""
    from multirt.matrix.coverage_data import combine

    pythons = {
        each.ready.python: each.cell.runtime
        for each in run.results
        if each.ready is not None and each.cell.runtime is not None
    }
    if not pythons or not (folder / "coverage").is_dir():
        raise MultirtError("coverage", "no cell measured coverage", code=ExitCode.FAILED)
    modules = sorted({name for wheel in run.wheels for name in wheel.modules})
    # The newest has the newest coverage, which reads the data of the older ones.
    python = min(pythons, key=lambda each: rank(pythons[each]))
    text = combine(python, Path(run.root), folder, modules)
    for line in text.splitlines():
        view.say(line)
    last = text.strip().splitlines()[-1:]
    note = f"coverage of all cells together is in .coverage: {' '.join(' '.join(last).split())}"
    return replace(run, notes=(*run.notes, note))
