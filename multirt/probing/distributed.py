"""Do tasks on the machines of a Dask cluster, with Dask's own client."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Final

from multirt.errors import ExitCode, MultirtError
from multirt.probing.work import lost, perform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abi_probe import Prospect
    from multirt.probing.task import Done, Task

_PATIENCE: Final = 10  # seconds for the scheduler to answer
_RETRIES: Final = 3  # a task whose worker died is done again by another one


def on_cluster(
    tasks: Sequence[Task], prospects: Sequence[Prospect], address: str
) -> Iterator[tuple[int, Done]]:
    """Do the tasks on a cluster; the workers must see the files under the same paths.

    Args:
        tasks: what is to be done.
        prospects: the runtimes, which need not be on the workers: their facts are sent.
        address: HOST:PORT of the scheduler.

    Raises:
        MultirtError: dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        hint = "install multirt[distributed]"
        raise MultirtError("executor", "dask is not installed", hint) from error
    try:
        client = Client(f"tcp://{address}", timeout=_PATIENCE)
    except OSError as error:
        message = f"no Dask scheduler answers at {address}"
        hint = "start one with `dask scheduler`, and workers with `dask worker`"
        raise MultirtError("executor", message, hint, ExitCode.FAILED) from error
    with client:
        shared = client.scatter(list(prospects), broadcast=True)
        # Not pure, or a second run would be answered by what the cluster remembers of the first.
        futures = {
            client.submit(perform, task, shared, pure=False, retries=_RETRIES): place
            for place, task in enumerate(tasks)
        }
        for future in as_completed(futures):
            place = futures[future]
            try:
                yield place, future.result()
            except KilledWorker:
                yield place, lost(tasks[place])
            except CancelledError:  # every worker that had the runtimes' facts is gone
                yield place, perform(tasks[place], prospects)
