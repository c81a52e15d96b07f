"""Test a cell on another machine: what a worker is sent, and what it does with it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments import Store
from multirt.errors import MultirtError
from multirt.matrix.install import Installer
from multirt.matrix.processes import Processes
from multirt.matrix.results import Result
from multirt.matrix.run_cell import Runner
from multirt.matrix.run_directory import room
from multirt.matrix.session import Quiet
from multirt.matrix.source_digest import unpack
from multirt.matrix.states import State
from multirt.matrix.test_cell import Tester, unmade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from abi_probe import Prospect
    from multirt.environments import Resolution
    from multirt.matrix.model import Planned, Wheel
    from multirt.matrix.session import Options
    from runtimes import Runtime


class Offer(Struct, frozen=True, kw_only=True):
    """A runtime that a worker has.

    Attributes:
        version: of multirt there, which must be the same everywhere.
        runtime: as it answered there.
        prospect: what it gives to binaries there.
    """

    version: str
    runtime: Runtime
    prospect: Prospect


class Paper(Struct, frozen=True, kw_only=True):
    """A file that a cell's needs name: a lock file, or one of constraints."""

    path: Path
    content: bytes


class Job(Struct, frozen=True, kw_only=True):
    """All that testing a cell takes.

    Attributes:
        planned: the cell.
        name: of the project's state in a cache.
        project: an archive of the project's files, the tests among them.
        wheel: the content of the one under test; None when none is installed.
        under_test: which one that is.
        papers: the files that the cell's needs name.
        env: the variables to hand on, beside those that the worker has.
        options: how the run is done.
        build_deps: requirements without a wheel are built from their sources.
        fresh: what is there does not count.
        resolution: what is installed; None before it is resolved.
    """

    planned: Planned
    name: str
    project: bytes
    wheel: bytes | None
    under_test: Wheel | None
    papers: tuple[Paper, ...]
    env: Mapping[str, str]
    options: Options
    build_deps: bool
    fresh: bool
    resolution: Resolution | None = None


class Worker(Struct, frozen=True, kw_only=True):
    """What a worker has.

    Attributes:
        runtimes: of its machine.
        cache_dir: where environments live.
        env: its environment.
    """

    runtimes: Sequence[Runtime]
    cache_dir: Path
    env: Mapping[str, str]


def resolve_there(job: Job, worker: Worker) -> Resolution | Result:
    """Return what a cell's environment holds, or why there can be none."""
    with _opened(job, worker) as (tester, planned):
        runtime = planned.cell.runtime
        if runtime is None:
            return _absent(job)
        try:
            return tester.installer.resolve(planned.cell, runtime, _first(tester))
        except MultirtError as error:
            return unmade(job.planned, error)


def test_there(job: Job, worker: Worker) -> Result:
    """Test a cell whose requirements are resolved."""
    with _opened(job, worker) as (tester, planned):
        wheel = _first(tester)
        runtime, resolution = planned.cell.runtime, job.resolution
        if runtime is None or resolution is None:
            return _absent(job)
        if wheel is not None:
            local = tuple(replace(each, path=wheel.path) for each in resolution.wheels)
            resolution = replace(resolution, wheels=local)
        try:
            result = tester.install(planned, runtime, resolution, time.monotonic())
        except MultirtError as error:
            return unmade(job.planned, error)
    # As it was sent: the paths of this machine mean nothing elsewhere.
    told = replace(job.planned, warnings=result.planned.warnings)
    return replace(result, planned=told, ready=None)


@contextmanager
def _opened(job: Job, worker: Worker) -> Iterator[tuple[Tester, Planned]]:
    """Give what tests the cell on this machine, and the cell with what is here."""
    state = worker.cache_dir / "matrix" / job.name
    env = {**worker.env, **job.env}
    silent = Quiet()
    with room(state, silent.say) as folder:
        root = folder / "project"
        unpack(job.project, root)
        wheel = _placed(job, folder)
        yield (
            Tester(
                runner=Runner(
                    root=root,
                    state=state,
                    room=folder,
                    env=env,
                    options=job.options,
                    processes=Processes(),
                    view=silent,
                ),
                wheels=(wheel,) if wheel is not None else (),
                installer=Installer(
                    root=root,
                    name=None,  # for editable projects, which are not sent
                    store=Store(worker.cache_dir, env, refresh=job.fresh),
                    build_deps=job.build_deps,
                    fresh=job.fresh,
                ),
            ),
            _here(job, worker, folder),
        )


def _here(job: Job, worker: Worker, folder: Path) -> Planned:
    """Return the cell with this machine's runtime, and with the files that it needs."""
    cell = job.planned.cell
    wanted = cell.runtime.id if cell.runtime is not None else None
    runtime = next((each for each in worker.runtimes if each.id == wanted), None)
    papers: dict[Path, Path] = {}
    for number, paper in enumerate(job.papers):
        place = folder / "needs" / str(number) / paper.path.name
        place.parent.mkdir(parents=True)
        place.write_bytes(paper.content)
        papers[paper.path] = place
    needs = replace(
        cell.needs,
        constraints=tuple(papers[path] for path in cell.needs.constraints),
        lock=papers[cell.needs.lock] if cell.needs.lock is not None else None,
    )
    return replace(job.planned, cell=replace(cell, runtime=runtime, needs=needs))


def _placed(job: Job, folder: Path) -> Wheel | None:
    """Write the wheel under test, and return it where it is now."""
    if job.wheel is None or job.under_test is None:
        return None
    path = folder / "wheel" / job.under_test.path.name
    path.parent.mkdir()
    path.write_bytes(job.wheel)
    return replace(job.under_test, path=path)


def _first(tester: Tester) -> Wheel | None:
    return tester.wheels[0] if tester.wheels else None


def _absent(job: Job) -> Result:
    reason = "the worker that offers it does not have it"
    return Result(planned=job.planned, state=State.MISSING, reason=reason)
