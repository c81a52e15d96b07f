"""Do tasks on the machines of a cluster."""

from __future__ import annotations

from concurrent.futures import as_completed
from typing import TYPE_CHECKING

from multirt.executors import join
from multirt.probing.work import lost, perform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abi_probe import Prospect
    from multirt.probing.task import Done, Task


def on_cluster(
    tasks: Sequence[Task], prospects: Sequence[Prospect], address: str
) -> Iterator[tuple[int, Done]]:
    """Do the tasks on a cluster; the workers must see the files under the same paths.

    Args:
        tasks: what is to be done.
        prospects: the runtimes, which need not be on the workers: their facts are sent.
        address: of the cluster, `dask://HOST:PORT`.

    Raises:
        MultirtError: there is no such engine, or nothing answers there.
    """
    with join(address) as cluster:
        executor = cluster.executor()
        shared = cluster.share(list(prospects))
        futures = {
            executor.submit(perform, task, shared): place for place, task in enumerate(tasks)
        }
        for future in as_completed(futures):
            place = futures[future]
            if future.cancelled():  # the scheduler ended, or gave it up
                yield place, perform(tasks[place], prospects)
            elif isinstance(future.exception(), cluster.lost):
                yield place, lost(tasks[place])
            else:
                yield place, future.result()
