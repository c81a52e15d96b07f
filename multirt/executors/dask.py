"""The engine `dask://HOST:PORT`: a Dask cluster, through Dask's own client."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from multirt.errors import ExitCode, MultirtError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from distributed import Client

_PATIENCE: Final = 10  # seconds for the scheduler to answer
_RETRIES: Final = 3  # beside what Dask does by itself, when a worker dies while it hands over
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """A cluster as its client sees it."""

    client: Client
    lost: type[Exception]

    def executor(self, resource: str | None = None) -> Executor:
        """Return an executor for the workers that offer a resource; None for all workers."""
        wanted = {} if resource is None else {"resources": {resource: 1}}
        # Not pure, or a second run would be answered by what the cluster remembers of the first.
        executor = self.client.get_executor(pure=False, retries=_RETRIES, **wanted)
        return cast("Executor", executor)

    def offers(self) -> frozenset[str]:
        """Return the resources that workers offer now."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return frozenset(name for worker in workers for name in worker.get("resources", {}))

    def share(self, value: _T) -> _T:
        """Send a value once; workers hand it on to each other."""
        # Not scattered: that is gone for good when the workers that have it die, while the result
        # of a task is made again.
        return cast("_T", self.client.submit(_same, value, pure=False))


def _same(value: _T) -> _T:
    return value


@contextmanager
def join(place: str) -> Iterator[DaskCluster]:
    """Give the cluster of the scheduler at `HOST:PORT`.

    Raises:
        MultirtError: that is no address, dask is not installed, or the scheduler does not answer.
    """
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        message = f"no executor: 'dask://{place}'"
        raise MultirtError("usage", message, "write dask://HOST:PORT")
    try:
        import dask
        from distributed import Client, KilledWorker
    except ImportError as error:
        hint = "install multirt[distributed]"
        raise MultirtError("executor", "dask is not installed", hint) from error
    # A scheduler that ends is said by what becomes of the work, not by Dask's tracebacks.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(f"tcp://{place}", timeout=_PATIENCE)
    except OSError as error:
        message = f"no Dask scheduler answers at {place}"
        hint = "start one with `dask scheduler`, and workers with `dask worker`"
        raise MultirtError("executor", message, hint, ExitCode.FAILED) from error
    # What is sent may be a whole project; Dask warns from 10 MB on.
    with client, dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}):
        yield DaskCluster(client, KilledWorker)
