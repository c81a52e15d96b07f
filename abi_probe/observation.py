"""Tell who wants to know which paths of the disk a reading rests on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listener: ContextVar[Callable[[str], object] | None] = ContextVar("listener", default=None)


@contextmanager
def noticing(listener: Callable[[str], object]) -> Iterator[None]:
    """Have a function told every path ahead of its being looked at, in this context.

    Change, appearing or going of one of these paths can change what is read; what becomes of all
    others cannot. A path may be told more than once.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def notice(path: str | os.PathLike[str]) -> None:
    """Say that a path is about to be looked at."""
    listener = _listener.get()
    if listener is not None:
        listener(os.fspath(path))
