"""Spread the tasks of a probe over processes of this machine, or over workers of a cluster."""

from __future__ import annotations

import os
import sys
from concurrent.futures import FIRST_COMPLETED, wait
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from multirt.distributed import join
from multirt.errors import ErrorKind, MultirtError, OperationError
from multirt.probe.model import RuntimeTargets
from multirt.probe.worker import judge_read, perform, worker_died

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from multirt.distributed import Cluster
    from multirt.probe.model import ProbeTask, TaskResult
    from multirt.probe.worker import ReadResult

# A process starts in 20 ms and hands its answers over; 8 MB of wheel take about 100 ms.
_WORTH: Final = 16 << 20
_prospects = RuntimeTargets()  # of a worker process, set once when it starts


def run_locally(
    tasks: Sequence[ProbeTask],
    prospects: RuntimeTargets,
    jobs: int | None,
    begun: Future[ReadResult] | None = None,
) -> Iterator[tuple[int, TaskResult]]:
    """Do the tasks on this machine.

    Args:
        tasks: what is to be done.
        prospects: the runtimes.
        jobs: processes; None for one a processor where there is much to read.
        begun: what is read of the only task in a thread, if that has begun.
    """
    if begun is not None:
        yield 0, judge_read(tasks[0], begun.result(), prospects)
        return
    if jobs is None:
        much = sum(map(_size, tasks)) >= _WORTH
        jobs = len(os.sched_getaffinity(0)) if much and sys.platform == "linux" else 1
    if min(jobs, len(tasks)) < 2:  # noqa: PLR2004 - then no two tasks go on side by side
        yield from ((index, perform(task, prospects)) for index, task in enumerate(tasks))
    else:
        yield from _in_processes(tasks, prospects, min(jobs, len(tasks)))


def _in_processes(
    tasks: Sequence[ProbeTask], prospects: RuntimeTargets, jobs: int
) -> Iterator[tuple[int, TaskResult]]:
    """Do the tasks in several processes; a task that ends its process is done once more, alone."""
    left = dict(enumerate(tasks))
    for index, done in _in_pool(left, prospects, jobs):
        del left[index]
        yield index, done
    for index, task in left.items():
        again = dict(_in_pool({index: task}, prospects, 1))
        yield index, again.get(index) or worker_died(task)


def _in_pool(
    tasks: dict[int, ProbeTask], prospects: RuntimeTargets, jobs: int
) -> Iterator[tuple[int, TaskResult]]:
    """Do the tasks in a pool, as many as it lives to do."""
    import multiprocessing  # 8 ms that most runs do without, and so are these
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    # A forked process has the runtimes' facts already; where that is unsafe they are sent.
    method = "fork" if sys.platform == "linux" else None
    context = multiprocessing.get_context(method)
    # The largest first, or one of them would be left for the end.
    order = sorted(tasks, key=lambda index: -_size(tasks[index]))
    with ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(prospects,)) as pool:
        futures = {pool.submit(_perform, tasks[index]): index for index in order}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                continue


def _start(prospects: RuntimeTargets) -> None:
    """Keep what every task of this process needs."""
    global _prospects  # noqa: PLW0603 - a worker process has nothing else
    _prospects = prospects


def _perform(task: ProbeTask) -> TaskResult:
    return perform(task, _prospects)


def _size(task: ProbeTask) -> int:
    """Return a hint of how much there is to read, in bytes."""
    try:
        if task.part is not None:  # a line of 100 bytes stands for a file, 25 kB on the average
            return (task.part.info / "RECORD").stat().st_size << 8
        return task.path.stat().st_size if task.path is not None else 0
    except (OSError, ValueError):
        return 0


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
