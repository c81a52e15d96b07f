"""Find the engine that an address names, and join its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from multirt.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

_GROUP = "multirt.executors"
_T = TypeVar("_T")


class Cluster(Protocol):
    """Workers that can be given work.

    Functions and values that are submitted must be picklable, and multirt be installed on the
    workers.
    """

    @property
    def lost(self) -> type[Exception]:
        """What a future raises whose work ended one worker after the other."""

    def executor(self, resource: str | None = None) -> Executor:
        """Return what gives work to the workers that offer a resource; None for all workers.

        The work of a worker that dies is done again by another; while none offers the resource, it
        waits.
        """

    def offers(self) -> Collection[str]:
        """Return the resources that workers offer now."""

    def workers(self) -> int:
        """Return how many workers there are now."""

    def share(self, value: _T) -> _T:
        """Return what stands for a value in the arguments of many submissions."""


def join(address: str) -> AbstractContextManager[Cluster]:
    """Return the cluster at an address `ENGINE://PLACE`, left when its context ends.

    Raises:
        MultirtError: there is no such engine, or nothing answers there.
    """
    from importlib.metadata import entry_points  # 20 ms

    name, colons, rest = address.partition("://")
    found = entry_points(group=_GROUP, name=name) if colons and name else ()
    if not found:
        message = f"no executor: {address!r}"
        raise UsageError(message, "write dask://HOST:PORT")
    engine = cast("Callable[[str], AbstractContextManager[Cluster]]", next(iter(found)).load())
    return engine(rest)
