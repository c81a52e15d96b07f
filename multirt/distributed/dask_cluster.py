"""The engine `dask://HOST:PORT`: a Dask cluster, through Dask's own client."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from msgspec import Struct

from multirt.errors import ErrorKind, OperationError, UsageError
from multirt.process.optional_packages import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import distributed
    from distributed import Client

_PATIENCE: Final = 10  # seconds for the scheduler to answer
_RETRIES: Final = 3  # next to what Dask does by itself, when a worker dies while it hands over
_T = TypeVar("_T")


class DaskCluster(Struct, frozen=True):
    """A cluster as its client sees it."""

    client: Client
    lost: type[Exception]

    def executor(self, resource: str | None = None) -> Executor:
        """Return an executor for the workers that offer a resource; None for all workers."""
        return _DaskExecutor(self.client, {} if resource is None else {resource: 1})

    def offers(self) -> frozenset[str]:
        """Return the resources that workers offer now."""
        workers = self._known().values()
        return frozenset(name for worker in workers for name in worker.get("resources", {}))

    def workers(self) -> int:
        """Return how many workers there are now."""
        return len(self._known())

    def _known(self) -> dict[str, Any]:
        known: dict[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return known

    def share(self, value: _T) -> _T:
        """Send a value once; workers hand it on to each other."""
        # Not scattered: that is gone for good when the workers that have it die, while the result
        # of a task is made again.
        return cast("_T", self.client.submit(_same, value, pure=False))


class _DaskExecutor(Executor):
    """Dask's futures as those of the standard library.

    Dask's own `get_executor` reads a future's state after its result: when the worker dies between
    the two, the result is taken for a failure, and that ends in a TypeError (distributed 2026.8,
    `cfexecutor._cascade_future`).
    """

    def __init__(self, client: Client, resources: dict[str, int]) -> None:
        self._client, self._resources = client, resources

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:  # noqa: ANN401 - as in the standard library
        """Give work to a worker."""
        ours: Future[_T] = Future()
        theirs = self._client.submit(
            function,
            *args,
            # Not pure, or a second run would be answered by what is cached of the first.
            pure=False,
            retries=_RETRIES,
            resources=self._resources,
            **kwargs,
        )
        ours.add_done_callback(partial(_pass_on_cancelling, theirs))
        theirs.add_done_callback(partial(_hand_over, ours))
        return ours


def _pass_on_cancelling(theirs: distributed.Future[_T], ours: Future[_T]) -> None:
    if ours.cancelled() and not theirs.cancelled():
        theirs.cancel()


def _hand_over(ours: Future[_T], theirs: distributed.Future[_T]) -> None:
    """Give the result of a task to its waiter, unless that has gone."""
    with suppress(InvalidStateError):  # it was cancelled meanwhile
        try:
            result = theirs.result()  # waits again where it was lost
        except Exception as error:  # noqa: BLE001 - whatever the task raised is what is asked for
            if theirs.cancelled():
                ours.cancel()
                ours.set_running_or_notify_cancel()
            else:
                ours.set_exception(error)
        else:
            ours.set_result(result)


def _same(value: _T) -> _T:
    return value


async def _greet(address: str) -> None:
    """Make sure that a scheduler answers, for `Client` waits for ever for what only listens.

    Raises:
        OSError: it cannot be reached.
        asyncio.TimeoutError: it does not answer.
        MemoryError: it speaks another protocol, whose first bytes would be a length.
        OverflowError, ValueError: the same, of other first bytes.
    """
    from distributed.comm.core import connect

    # Not shielded from a peer that is silent within the greeting itself.
    comm = await asyncio.wait_for(connect(address, timeout=_PATIENCE), _PATIENCE)
    comm.abort()


@contextmanager
def join(address: str) -> Iterator[DaskCluster]:
    """Give the cluster of the scheduler at `HOST:PORT`.

    Raises:
        MultirtError: that is no address, dask is not installed, or the scheduler does not answer.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        message = f"no executor: 'dask://{address}'"
        raise UsageError(message, "write dask://HOST:PORT")
    require("distributed", "an executor of Dask")
    import dask
    from distributed import Client, KilledWorker

    # A scheduler that ends is said by what becomes of the work, not by Dask's tracebacks.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_greet(f"tcp://{address}"))
        client = Client(f"tcp://{address}", timeout=_PATIENCE)
    except (TimeoutError, OSError, MemoryError, OverflowError, ValueError) as error:
        message = f"no Dask scheduler answers at {address}"
        hint = "start one with `dask scheduler`, and workers with `dask worker`"
        raise OperationError(message, hint, kind=ErrorKind.EXECUTOR) from error
    # What is sent may be a whole project; Dask warns from 10 MB on.
    with client, dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}):
        yield DaskCluster(client, KilledWorker)
