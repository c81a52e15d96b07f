"""Send cells to the workers of a cluster, each to one that offers the cell's runtime."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

import multirt
from multirt.errors import (
    ConfigError,
    ErrorKind,
    OperationError,
    UnmetError,
)
from multirt.matrix.model import CellReport, CellState
from multirt.matrix.plan import under_test
from multirt.matrix.remote_worker import CellJob, ExtraFile
from runtimes import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from multirt.distributed import Cluster
    from multirt.environments import Resolution
    from multirt.matrix.model import Cell, CellPlan, Wheel
    from multirt.matrix.remote_worker import OfferedRuntime
    from multirt.matrix.run_cell import Runner
    from runtimes import Runtime

_TICK = 0.2  # seconds between looks at what else happened
_LOOK = 1.0  # seconds for which the list of workers counts
_RESPONSE = 60.0  # seconds for a worker to say what it offers
_GONE = 10.0  # seconds for a worker that ended to be started again
_T = TypeVar("_T")


class WorkerApi(Protocol):
    """What a worker is asked, by functions that it can import."""

    def describe(self, name: str) -> OfferedRuntime | None:
        """Return the runtime that a resource stands for, None when it stands for none."""

    def resolve(self, job: CellJob) -> Resolution | CellReport:
        """Return what a cell's environment holds, or why there can be none."""

    def test(self, job: CellJob) -> CellReport:
        """Test a cell."""


class RemoteCluster(Struct):
    """A cluster with the runtimes that it offers.

    Attributes:
        cluster: the cluster.
        door: what its workers can be asked.
        offers: by the id of the runtime.
        here: the runtimes of this machine, which build.
    """

    cluster: Cluster
    door: WorkerApi
    offers: Mapping[str, OfferedRuntime]
    here: Sequence[Runtime]
    _names: Collection[str] = ()
    _looked: float = -_LOOK
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """The runtimes that the workers offer."""
        return tuple(each.runtime for each in self.offers.values())

    def is_offered(self, name: str) -> bool:
        """Whether a worker offers a runtime, as far as is known since a second."""
        with self._guard:
            if time.monotonic() - self._looked >= _LOOK:
                self._names = self.cluster.offers()
                self._looked = time.monotonic()
            return name in self._names

    def builders(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """Return the cells that can be built for here: with this machine's runtimes.

        Where it has none of them, one of those that it has builds for all.
        """
        known = {each.id: each for each in self.here}
        found = [(cell, known.get(cell.runtime.id)) for cell in cells if cell.runtime]
        same = tuple(replace(cell, runtime=here) for cell, here in found if here is not None)
        if same or not found or not known:
            return same
        return (replace(cells[0], runtime=min(self.here, key=rank)),)


def query_runtimes(cluster: Cluster, door: WorkerApi) -> dict[str, OfferedRuntime]:
    """Return the runtimes that workers offer, by their ids.

    Raises:
        MultirtError: there is none, or a worker cannot say what it offers.
    """
    requests = {
        name: cluster.executor(name).submit(door.describe, name)
        for name in sorted(cluster.offers())
    }
    wait(requests.values(), timeout=_RESPONSE)
    offers = {name: _response(name, future) for name, future in requests.items()}
    found = {name: offer for name, offer in offers.items() if offer is not None}
    if not found:
        hint = 'start workers with --resources "$(multirt matrix offer)"'
        raise UnmetError("no worker offers a runtime", hint)
    return found


def _response(name: str, future: Future[OfferedRuntime | None]) -> OfferedRuntime | None:
    """Return what a worker said of one resource.

    Raises:
        MultirtError: it did not, or another version of multirt said it.
    """
    hint = f"multirt {multirt.__version__} must be installed for the worker: multirt[distributed]"
    error = None if not future.done() or future.cancelled() else future.exception()
    if not future.done() or future.cancelled() or error is not None:
        why = f"{type(error).__name__}: {error}" if error is not None else "no answer"
        message = f"a worker that offers {name} cannot say what that is: {why}"
        raise OperationError(message, hint, kind=ErrorKind.EXECUTOR)
    offer = future.result()
    if offer is not None and offer.version != multirt.__version__:
        message = f"a worker that offers {name} has multirt {offer.version}"
        raise OperationError(message, hint, kind=ErrorKind.EXECUTOR)
    return offer


class RemoteTester(Struct, frozen=True, kw_only=True):
    """Has cells tested elsewhere, as `Tester` tests them here.

    Attributes:
        far: the cluster.
        name: of the project's state in a cache.
        project: an archive of the project's files.
        cells: by their names.
        wheels: under test.
        runner: of the run.
        build_deps, fresh: as in `CellJob`.
        stopped: says why nothing is waited for any more; None while it is.
    """

    far: RemoteCluster
    name: str
    project: bytes
    cells: Mapping[str, Cell]
    wheels: tuple[Wheel, ...]
    runner: Runner
    build_deps: bool
    fresh: bool
    stopped: Callable[[], tuple[CellState, str] | None]

    def test(self, plan: CellPlan) -> CellReport:
        """Have one cell tested.

        Raises:
            MultirtError: a file that it needs cannot be read.
        """
        cell, door, view = self.cells[plan.name], self.far.door, self.runner.view
        if cell.runtime is None:
            return plan.report
        executor = self.far.cluster.executor(cell.runtime.id)
        job = self._job(cell, plan)
        view.step(cell.name, "resolving on a worker")
        resolved = self._outcome(executor.submit(door.resolve, job), plan)
        if isinstance(resolved, CellReport):
            return resolved
        view.step(cell.name, "testing on a worker")
        again = replace(job, resolution=resolved)
        report = self._outcome(executor.submit(door.test, again), plan)
        view.lines(cell.name, report.output.splitlines(), len(report.cases or ()))
        return report

    def _job(self, cell: Cell, plan: CellPlan) -> CellJob:
        """Return all that a worker needs."""
        wheel = under_test(cell, plan, self.wheels)
        paths = (*cell.needs.constraints, *([cell.needs.lock] if cell.needs.lock else []))
        handed = {
            name: value
            for name, value in self.runner.env.items()
            if any(fnmatchcase(name, pattern) for pattern in cell.pass_env or ())
        }
        return CellJob(
            cell=cell,
            plan=plan,
            name=self.name,
            project=self.project,
            wheel=_content(wheel.path) if wheel is not None else None,
            under_test=wheel,
            papers=tuple(ExtraFile(path=path, content=_content(path)) for path in paths),
            env=handed,
            options=replace(self.runner.options, wheels=()),
            build_deps=self.build_deps,
            fresh=self.fresh,
        )

    def _outcome(self, future: Future[_T], plan: CellPlan) -> _T | CellReport:
        """Wait for a worker; return what it said, or why none did."""
        name = plan.report.runtime.id if plan.report.runtime is not None else plan.report.asked
        seen = time.monotonic()
        while not wait([future], timeout=_TICK).done:
            given_up = None
            if (why := self.stopped()) is not None:
                given_up = replace(plan.report, state=why[0], reason=why[1])
            if self.far.is_offered(name):
                seen = time.monotonic()
            elif time.monotonic() - seen > _GONE:
                reason = f"no worker offers {name} any more"
                given_up = replace(plan.report, state=CellState.MISSING, reason=reason)
            if given_up is not None:
                future.cancel()
                return given_up
        error = None if future.cancelled() else future.exception()
        if error is None and not future.cancelled():
            return future.result()
        reason = "the scheduler ended, or gave it up"
        if isinstance(error, self.far.cluster.lost):
            reason = "it ended one worker after the other"
        elif error is not None:
            reason = f"a worker failed: {type(error).__name__}: {error}"
        return replace(plan.report, state=CellState.CANNOT_START, reason=reason)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
