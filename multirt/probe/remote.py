"""Do tasks on the machines of a cluster."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, wait
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from multirt.distributed import join
from multirt.errors import ErrorKind, MultirtError, OperationError
from multirt.probe.worker import perform, worker_died

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from multirt.distributed import Cluster
    from multirt.probe.model import ProbeTask, RuntimeTargets, TaskResult

_PATIENCE: Final = 30.0  # seconds; a cluster that grows when there is work starts workers in them


def on_cluster(
    tasks: Sequence[ProbeTask],
    prospects: RuntimeTargets,
    address: str,
    patience: float = _PATIENCE,
) -> Iterator[tuple[int, TaskResult]]:
    """Do the tasks on a cluster; the workers must see the files under the same paths.

    Args:
        tasks: what is to be done.
        prospects: the runtimes, which need not be on the workers: their facts are sent.
        address: of the cluster, `dask://HOST:PORT`.
        patience: seconds without any worker after which the work is given up.

    Raises:
        MultirtError: there is no such engine, nothing answers there, there is no worker, or one
            cannot do such work at all.
    """
    with join(address) as cluster:
        executor = cluster.executor()
        shared = cluster.share(prospects)
        futures = {
            executor.submit(perform, task, shared): index for index, task in enumerate(tasks)
        }
        left = {*futures}
        while left:
            done, left = wait(left, patience, FIRST_COMPLETED)
            if not done and not cluster.workers():
                raise _error(f"{address} has no workers", "start some, and ask again")
            for future in done:
                task = tasks[futures[future]]
                yield futures[future], _done(future, task, prospects, cluster)


def _done(
    future: Future[TaskResult],
    task: ProbeTask,
    prospects: RuntimeTargets,
    cluster: Cluster,
) -> TaskResult:
    """Return the result of a task; do it here where no worker does."""
    if future.cancelled():  # the scheduler ended, or gave it up
        return perform(task, prospects)
    failure = future.exception()
    if failure is None:
        return future.result()
    if isinstance(failure, cluster.lost):
        return worker_died(task)
    text = f"a worker cannot do the work: {type(failure).__name__}: {failure}"
    hint = f"the workers need multirt {version('multirt')} and the same version of Python"
    raise _error(text, hint) from failure


def _error(message: str, hint: str) -> MultirtError:
    return OperationError(message, hint, kind=ErrorKind.EXECUTOR)
