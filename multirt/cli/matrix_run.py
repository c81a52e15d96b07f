"""Open a project's matrix, run it, and write its reports."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.cli.context import cache_dir, project_folder, search
from multirt.config.posargs import POSARGS, takes_posargs
from multirt.config.project import read_project, root_of
from multirt.errors import (
    ErrorKind,
    MultirtError,
    NothingRanError,
    OperationError,
    UsageError,
)
from multirt.matrix.cells import CellSelection, expand, pick
from multirt.matrix.config import read_config
from multirt.matrix.model import InstallMode, MissingRuntimePolicy, NullView
from multirt.matrix.plan_cache import (
    CachedPlan,
    cached_plan,
    plan_path,
    state_of_sources,
    store_plan,
)
from multirt.matrix.report import exit_code, is_failure
from multirt.matrix.scheduler import run_plans, scheduler_of
from multirt.matrix.source_digest import record_reports
from multirt.report.matrix import append, read_document, write
from multirt.report.matrix_text import print_summary
from runtimes import discover, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from multirt.matrix.cells import Cells
    from multirt.matrix.model import Cell, CellPlan, Config, MatrixReport, ProgressView, RunOptions
    from multirt.matrix.planner import Planner
    from multirt.matrix.remote import RemoteCluster
    from multirt.matrix.run_cell import Runner
    from runtimes import Runtime

LAST = "last.json"


class MatrixArgs(Struct, frozen=True, kw_only=True):
    """Which matrix is selected, and which part of it.

    Attributes:
        project: its folder; None for the nearest.
        pick: the cells that are selected.
        missing: instead of what is configured; None to keep it.
        last_failed: only the cells that failed last time.
        fresh: nothing that is there counts.
        far: the cluster whose runtimes are selected; None for this machine's.
    """

    project: Path | None
    pick: CellSelection
    missing: str | None = None
    last_failed: bool = False
    fresh: bool = False
    far: RemoteCluster | None = None

    @property
    def selection(self) -> tuple[str, ...] | None:
        """The words that select cells; None where they may select others the next time."""
        if self.last_failed or self.fresh or self.far is not None:
            return None
        pick = self.pick
        options = [*pick.names, *(f"-a{axis}={value}" for axis, value in pick.axes)]
        return (*options, f"-k{pick.keywords}", f"--missing={self.missing}")


class OpenMatrix(Struct, frozen=True, kw_only=True):
    """A matrix that was read.

    Attributes:
        config: what is configured.
        cells: all of it.
        selected: the cells that are selected.
        here: the runtimes of this machine, those of the matrix first, each kind best first.
        state: the project's folder in the cache.
        fresh: nothing that is there counts.
        far: where the cells are tested; None for this machine.
        selection: the words that select cells; None where they may select others the next time.
        since: when the first of it was read, in ns since the epoch.
        noticed: the paths on which it depends which runtimes there are.
    """

    config: Config
    cells: Cells
    selected: tuple[Cell, ...]
    here: tuple[Runtime, ...]
    state: Path
    fresh: bool
    far: RemoteCluster | None = None
    selection: tuple[str, ...] | None
    since: int = 0
    noticed: tuple[str, ...] = ()

    @property
    def last(self) -> Path:
        """Where the report of the last run is."""
        return self.state / LAST

    @property
    def title(self) -> str:
        """What reports call the project."""
        return self.config.name or self.config.root.name


def open_matrix(args: MatrixArgs) -> OpenMatrix:
    """Read a project's configuration, and spread it over the runtimes of the machine.

    Raises:
        MultirtError: something of it means nothing, or no cell is selected.
    """
    since, noticed = time.time_ns(), list[str]()
    project = read_project(args.project or Path.cwd())
    config = read_config(project)
    if args.missing is not None:
        if args.missing not in set(MissingRuntimePolicy):
            hint = "write --missing error or --missing skip"
            raise UsageError(f"--missing cannot be {args.missing!r}", hint)
        config = replace(config, missing=MissingRuntimePolicy(args.missing))
    here = args.far.here if args.far is not None else _runtimes(config, noticed.append)
    cells = expand(config, args.far.runtimes if args.far is not None else here)
    state = project_folder(cache_dir(), config.root)
    wanted = args.pick
    if args.last_failed:
        there = frozenset(cell.name for cell in cells.cells)
        wanted = replace(wanted, names=_failed_last(state / LAST, there))
    selected = pick(cells.cells, wanted, config, cells.excluded)
    if wanted.names:  # who names cells asks nothing of what is none
        cells = replace(cells, excluded=())
    if not selected:
        hint = "`multirt matrix list` shows all of it"
        message = "no cell of the matrix is selected"
        raise NothingRanError(message, hint)
    return OpenMatrix(
        config=config,
        cells=cells,
        selected=selected,
        here=_in_order(here, cells),
        state=state,
        fresh=args.fresh,
        far=args.far,
        selection=args.selection,
        since=since,
        noticed=tuple(noticed),
    )


def _in_order(here: Sequence[Runtime], cells: Cells) -> tuple[Runtime, ...]:
    """Return runtimes, the best first, those of the matrix before the others."""
    used = {cell.runtime.id for cell in cells.cells if cell.runtime is not None}
    return tuple(sorted(here, key=lambda each: (each.id not in used, *rank(each))))


def _runtimes(config: Config, notice: Callable[[str], object]) -> tuple[Runtime, ...]:
    """Return the runtimes of this machine, with those that the configuration names by a path."""
    looked = replace(search(), notice=notice)
    jobs = (config.matrix, *config.tasks.values())
    specs = [spec for job in jobs for spec in job.runtimes or ()]
    specs += [config.build_runtime] if config.build_runtime is not None else []
    found = discover(looked).runtimes
    if all(spec.path is None for spec in specs):
        return found
    from multirt.selection.lazy_discovery import (  # 60 ms, for a runtime that is named by its path
        add_explicit_paths,
    )

    return add_explicit_paths(found, specs, looked)


@contextlib.contextmanager
def joined(address: str) -> Iterator[RemoteCluster]:
    """Give the cluster at an address, with the runtimes that its workers offer.

    Raises:
        MultirtError: nothing answers there, or no worker offers a runtime.
    """
    from multirt.cli import matrix_worker as working
    from multirt.distributed import join
    from multirt.matrix.remote import RemoteCluster, query_runtimes

    with join(address) as cluster:
        offers = query_runtimes(cluster, working)
        here = discover(search()).runtimes
        yield RemoteCluster(cluster=cluster, door=working, offers=offers, here=here)


def _failed_last(path: Path, there: Collection[str]) -> tuple[str, ...]:
    """Return the names of the cells that failed in the last run, and that still are there.

    Raises:
        MultirtError: there is none.
    """
    if not path.exists():
        raise _nothing("this project was not tested before")
    failed = [row.name for row in read_document(path).cells if is_failure(row)]
    names = tuple(name for name in failed if name in there)
    if not failed:
        raise _nothing("nothing failed last time")
    if not names:
        raise _nothing(f"{', '.join(failed)} failed last time, and is not in the matrix any more")
    return names


def _took(path: Path) -> dict[str, float]:
    """Return the seconds that the commands of each cell took in the last run, where known."""
    try:
        return {row.name: row.seconds for row in read_document(path).cells if row.seconds}
    except MultirtError:
        return {}


def _nothing(message: str) -> MultirtError:
    return NothingRanError(message, "`multirt matrix` tests all of it")


def planner(opened: OpenMatrix, options: RunOptions, say: Callable[[str], object]) -> Planner:
    """Return what plans the cells."""
    # 100 ms, which who only wants to know the cells does without
    from multirt.environments import EnvironmentStore
    from multirt.matrix.install import Installer
    from multirt.matrix.planner import Planner
    from multirt.matrix.wheels import WheelBuilder

    config, env = opened.config, dict(os.environ)
    store = EnvironmentStore(cache_dir(), env, refresh=opened.fresh)
    return Planner(
        config=config,
        options=options,
        wheel_builder=WheelBuilder(
            root=config.root, state=opened.state, store=store, say=say, fresh=opened.fresh
        ),
        installer=Installer(
            root=config.root,
            name=config.name,
            store=store,
            build_deps=config.build_deps,
            fresh=opened.fresh,
        ),
        here=opened.here,
        env=env,
        far=opened.far,
        took=_took(opened.last),
    )


@contextlib.contextmanager
def cell_runner(
    root: Path, state: Path, options: RunOptions, view: ProgressView
) -> Iterator[Runner]:
    """Give what runs the commands of cells, with a folder of its own for as long as it does."""
    from multirt.matrix.processes import Processes
    from multirt.matrix.run_cell import Runner
    from multirt.process.cleanup import temporary_folder

    with temporary_folder() as folder:
        yield Runner(
            root=root,
            state=state,
            folder=folder,
            env=dict(os.environ),
            options=options,
            processes=Processes(),
            view=view,
        )


def state_folder(project: Path | None) -> Path | None:
    """Return the project's folder in the cache."""
    root = root_of(project or Path.cwd())
    return project_folder(cache_dir(), root) if root is not None else None


def run_again(
    args: MatrixArgs, options: RunOptions, *, live: bool, quiet: bool
) -> MatrixReport | None:
    """Run the cells as they were planned before; None where they are to be planned."""
    root, selection = root_of(args.project or Path.cwd()), args.selection
    if root is None or selection is None or options.cover or options.wheels:
        return None
    state, start = project_folder(cache_dir(), root), time.monotonic()
    with cached_plan(plan_path(state, selection, os.environ), root, state) as plan:
        if plan is None or not _takes(options, (each.commands for each in plan.plans)):
            return None
        shown = _view(len(plan.plans), live=live, quiet=quiet)
        with shown as view, cell_runner(root, state, options, view) as runner:
            scheduler = scheduler_of(runner)
            cells = run_plans(plan.plans, runner.run, runner, scheduler)
    report = replace(
        plan.report,
        cells=cells,
        seconds=round(time.monotonic() - start, 3),
        interrupted=scheduler.interrupted,
        posargs=options.posargs,
    )
    write(report, "json", state / LAST)
    return report


def run_planned(
    args: MatrixArgs, options: RunOptions, *, jobs: int | None, live: bool, quiet: bool
) -> MatrixReport:
    """Plan the cells, and run them."""
    opened = open_matrix(args)
    _check_package(opened)
    if not _takes(options, (cell.commands for cell in opened.selected)):
        message = "no command of the matrix takes the words after --"
        raise UsageError(message, f'put "{POSARGS}" into its commands')
    if opened.far is not None:  # they only wait: its workers say how much they do at a time
        options = replace(options, jobs=jobs or len(opened.selected))
    if options.cover:
        opened = _with_requirement(opened, "coverage")
    return run_opened(opened, options, live=live, quiet=quiet)


def given_arguments(given: Mapping[str, object]) -> tuple[str, ...]:
    """Return options as they were given; those that were not are None, False or empty."""
    options: list[str] = []
    for name, value in given.items():
        if value is True:
            options.append(name)
        elif value:
            values = value if isinstance(value, list) else [value]
            options += [option for each in values for option in (name, str(each))]
    return tuple(options)


def _view(total: int, *, live: bool, quiet: bool) -> AbstractContextManager[ProgressView]:
    from multirt.report.matrix_progress import live_progress

    return contextlib.nullcontext(NullView()) if quiet else live_progress(total, live=live)


def run_opened(
    opened: OpenMatrix, options: RunOptions, *, live: bool = False, quiet: bool = False
) -> MatrixReport:
    """Test what is selected, keep plan and report for the next time, and return the report."""
    from multirt.matrix.scheduler import run_matrix as run  # 100 ms, for who plans

    usual = options.test and not (options.wheels or options.cover)
    known = _sources(opened) if opened.selection is not None and usual else None
    root, shown = opened.config.root, _view(len(opened.selected), live=live, quiet=quiet)
    with shown as view, cell_runner(root, opened.state, options, view) as runner:
        planning = planner(opened, options, view.say)
        report, plans = run(planning, runner, opened.cells, opened.selected)
        if options.cover:
            report = _combined(opened, report, plans, runner)
    if options.test:
        write(report, "json", opened.last)
    if known is not None and opened.selection is not None:
        plan = CachedPlan(
            made=time.time(),
            sources=known,
            witnesses=(),
            root=str(root),
            report=report,
            plans=plans,
        )
        path = plan_path(opened.state, opened.selection, os.environ)
        store_plan(path, plan, _paths(opened), opened.since)
    return report


def _sources(opened: OpenMatrix) -> str | None:
    """Return the state of the sources, None where they cannot be read: then nothing is built."""
    try:
        return state_of_sources(opened.config.root, opened.state)
    except OSError:
        return None


def _paths(opened: OpenMatrix) -> Iterator[str]:
    """Yield the files and folders on which it rests which cells there are and what they need."""
    from multirt.environments import named_paths  # it is there by now

    yield from opened.noticed
    for cell in opened.selected:
        if cell.runtime is not None:
            yield str(cell.runtime.executable)
        yield from map(str, named_paths(cell.needs.requirements))
        yield from map(str, cell.needs.constraints)
        if cell.needs.lock is not None:
            yield str(cell.needs.lock)


def _takes(options: RunOptions, cells: Iterable[Iterable[Sequence[str]]]) -> bool:
    """Whether some command takes the words after `--`, if there are any."""
    commands = (command for each in cells for command in each)
    return not options.posargs or any(map(takes_posargs, commands))


def _check_package(opened: OpenMatrix) -> None:
    """Refuse to install for a worker from a folder that only this machine has."""
    editable = [cell.name for cell in opened.selected if cell.package is InstallMode.EDITABLE]
    if opened.far is not None and editable:
        message = f'{editable[0]} has package = "editable": a worker cannot import from this folder'
        raise UsageError(message, 'take "wheel", or run it without --executor')


def _with_requirement(opened: OpenMatrix, requirement: str) -> OpenMatrix:
    """Return a matrix whose cells that run tests have one more requirement."""
    cells = tuple(
        replace(
            cell,
            needs=replace(cell.needs, requirements=(*cell.needs.requirements, requirement)),
        )
        for cell in opened.selected
    )
    return replace(opened, selected=cells)


def _combined(
    opened: OpenMatrix, report: MatrixReport, plans: Iterable[CellPlan], runner: Runner
) -> MatrixReport:
    """Combine what the cells measured, and say so in the notes."""
    from multirt.matrix.commands import combine_coverage

    runtimes = {cell.name: cell.runtime for cell in opened.selected}
    made = [
        (runtime, each)
        for each in plans
        if each.environment is not None and (runtime := runtimes[each.name]) is not None
    ]
    if not made or not (runner.folder / "coverage").is_dir():
        raise OperationError("no cell measured coverage", kind=ErrorKind.COVERAGE)
    modules = sorted({name for _, each in made for name in each.modules})
    # The newest has the newest coverage, which reads the data of the older ones.
    _, newest = min(made, key=lambda pair: rank(pair[0]))
    python = Path(newest.environment.python) if newest.environment is not None else Path()
    text = combine_coverage(python, runner.root, runner.folder, modules)
    for line in text.splitlines():
        runner.view.say(line)
    last = text.strip().splitlines()[-1:]
    note = f"coverage of all cells together is in .coverage: {' '.join(' '.join(last).split())}"
    return replace(report, notes=(*report.notes, note))


def write_results(
    report: MatrixReport,
    reports: Sequence[tuple[str, Path]] = (),
    *,
    state: Path | None = None,
    in_job: bool = True,
) -> int:
    """Print the summary, write the reports, and return the exit code.

    Args:
        report: what to print and write.
        reports: the kind and the file of each that is asked for.
        state: the project's folder in the cache; None where there is no project.
        in_job: it belongs into the summary of a GitHub job, where there is one.

    Raises:
        MultirtError: a report cannot be written.
    """
    print_summary(report)
    try:
        for kind, file in reports:
            write(report, kind, file)
    finally:
        if state is not None:
            record_reports(state, [file for _, file in reports])
    if in_job and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        append(report, Path(summary))
    return exit_code(report)
