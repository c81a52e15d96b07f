"""Ask many at once, no more of them at work than there are processors."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Event, Lock, Semaphore, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_Query = TypeVar("_Query")
_Result = TypeVar("_Result")

_PATIENCE = 1.0  # seconds without a free turn after which one more may be at work


def run_parallel(
    question: Callable[[_Query, Event], _Result], queries: Sequence[_Query]
) -> list[_Result]:
    """Put a question to each, several at a time; an interrupt ends all that were started.

    It is threads also for one: an interrupt comes to the main thread only, so it cannot hit the
    start of a child before anybody cares for the child.

    Args:
        question: what to call with each, and with what is set when answers are not needed any more.
        queries: who, what takes longest first.
    """
    stop, over = Event(), Semaphore(0)
    turns = _WorkerSlots(max(2, _processors()))
    results: dict[int, _Result] = {}
    failed: list[BaseException] = []

    def one(index: int, each: _Query) -> None:
        with turns.turn():
            try:
                if not stop.is_set():
                    results[index] = question(each, stop)
            except BaseException as error:  # noqa: BLE001 - raised again below
                failed.append(error)
                stop.set()
        over.release()

    threads = [Thread(target=one, args=each) for each in enumerate(queries)]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            over.acquire()  # an interrupted `join` takes the thread for ended
    finally:
        stop.set()  # an interrupt need not wait for Java to start
        for thread in threads:
            if thread.is_alive():
                thread.join()
    if failed:
        raise failed[0]
    return [results[index] for index in range(len(queries))]


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _WorkerSlots:
    """Who may be at work: as many as processors, and one more for each that does not get on.

    What takes seconds began first, and is over sooner when the quick ones do not all run next to
    it. A candidate that hangs has no work to do, and delays nothing for longer than that.
    """

    def __init__(self, number: int) -> None:
        self._free = Semaphore(number)
        self._first_in_line = Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, or until it has been too long since anybody had one."""
        with self._first_in_line:
            self._free.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            self._free.release()
