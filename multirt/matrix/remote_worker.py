"""Test a cell on the worker of a cluster."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from multirt.environments import EnvironmentStore
from multirt.errors import MultirtError
from multirt.matrix.install import Installer, Tester, report_uncreated
from multirt.matrix.model import CellState, NullView
from multirt.matrix.processes import Processes
from multirt.matrix.run_cell import Runner
from multirt.matrix.source_digest import unpack
from multirt.process.cleanup import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from abi_probe import RuntimeTarget
    from multirt.environments import Resolution
    from multirt.matrix.model import Cell, CellPlan, CellReport, RunOptions, Wheel
    from runtimes import Runtime


class OfferedRuntime(msgspec.Struct, frozen=True, kw_only=True):
    """A runtime that a worker has.

    Attributes:
        version: of multirt there, which must be the same everywhere.
        runtime: as it answered there.
        prospect: what it gives to binaries there.
    """

    version: str
    runtime: Runtime
    prospect: RuntimeTarget


class ExtraFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a cell's needs name: a lock file, or one of constraints."""

    path: Path
    content: bytes


class CellJob(msgspec.Struct, frozen=True, kw_only=True):
    """All that testing a cell takes.

    Attributes:
        cell: the cell.
        plan: what is known of it.
        name: of the project's state in a cache.
        project: an archive of the project's files, the tests among them.
        wheel: the content of the one under test; None when none is installed.
        under_test: which one that is.
        papers: the files that the cell's needs name.
        env: the variables to hand on, in addition to those that the worker has.
        options: how the run is done.
        build_deps: requirements without a wheel are built from their sources.
        fresh: what is there does not count.
        resolution: what is installed; None before it is resolved.
    """

    cell: Cell
    plan: CellPlan
    name: str
    project: bytes
    wheel: bytes | None
    under_test: Wheel | None
    papers: tuple[ExtraFile, ...]
    env: Mapping[str, str]
    options: RunOptions
    build_deps: bool
    fresh: bool
    resolution: Resolution | None = None


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has.

    Attributes:
        runtimes: of its machine.
        cache_dir: where environments live.
        env: its environment.
    """

    runtimes: Sequence[Runtime]
    cache_dir: Path
    env: Mapping[str, str]


def resolve_on_worker(job: CellJob, worker: Worker) -> Resolution | CellReport:
    """Return what a cell's environment holds, or why there can be none."""
    with _opened(job, worker) as (tester, cell):
        if cell.runtime is None:
            return _missing_runtime(job)
        try:
            return tester.installer.resolve(cell, cell.runtime, _wheel_under_test(tester))
        except MultirtError as error:
            return report_uncreated(job.plan, error)


def test_on_worker(job: CellJob, worker: Worker) -> CellReport:
    """Test a cell whose requirements are resolved."""
    with _opened(job, worker) as (tester, cell):
        wheel, resolution = _wheel_under_test(tester), job.resolution
        if cell.runtime is None or resolution is None:
            return _missing_runtime(job)
        if wheel is not None:
            local = tuple(replace(each, path=wheel.path) for each in resolution.wheels)
            resolution = replace(resolution, wheels=local)
        try:
            with tester.installer.prepared(job.plan, cell.runtime, resolution) as ready:
                return tester.runner.run(ready)
        except MultirtError as error:
            return report_uncreated(job.plan, error)


@contextmanager
def _opened(job: CellJob, worker: Worker) -> Iterator[tuple[Tester, Cell]]:
    """Give what tests the cell on this machine, and the cell with what is here."""
    state = worker.cache_dir / "matrix" / job.name
    env = {**worker.env, **job.env}
    with temporary_folder() as folder:
        root = folder / "project"
        unpack(job.project, root)
        wheel = _write_wheel(job, folder)
        yield (
            Tester(
                runner=Runner(
                    root=root,
                    state=state,
                    folder=folder,
                    env=env,
                    options=job.options,
                    processes=Processes(),
                    view=NullView(),
                ),
                cells={job.cell.name: job.cell},
                wheels=(wheel,) if wheel is not None else (),
                installer=Installer(
                    root=root,
                    name=None,  # for editable projects, which are not sent
                    store=EnvironmentStore(worker.cache_dir, env, refresh=job.fresh),
                    build_deps=job.build_deps,
                    fresh=job.fresh,
                ),
            ),
            _local_cell(job, worker, folder),
        )


def _local_cell(job: CellJob, worker: Worker, folder: Path) -> Cell:
    """Return the cell with this machine's runtime, and with the files that it needs."""
    cell = job.cell
    wanted = cell.runtime.id if cell.runtime is not None else None
    runtime = next((each for each in worker.runtimes if each.id == wanted), None)
    papers: dict[Path, Path] = {}
    for number, paper in enumerate(job.papers):
        file = folder / "needs" / str(number) / paper.path.name
        file.parent.mkdir(parents=True)
        file.write_bytes(paper.content)
        papers[paper.path] = file
    needs = replace(
        cell.needs,
        constraints=tuple(papers[path] for path in cell.needs.constraints),
        lock=papers[cell.needs.lock] if cell.needs.lock is not None else None,
    )
    return replace(cell, runtime=runtime, needs=needs)


def _write_wheel(job: CellJob, folder: Path) -> Wheel | None:
    """Write the wheel under test, and return it where it is now."""
    if job.wheel is None or job.under_test is None:
        return None
    path = folder / "wheel" / job.under_test.path.name
    path.parent.mkdir()
    path.write_bytes(job.wheel)
    return replace(job.under_test, path=path)


def _wheel_under_test(tester: Tester) -> Wheel | None:
    return tester.wheels[0] if tester.wheels else None


def _missing_runtime(job: CellJob) -> CellReport:
    reason = "the worker that offers it does not have it"
    return replace(job.plan.report, state=CellState.MISSING, reason=reason)
