"""Do the same with many things, some at a time, until all are done or somebody has enough."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from multirt.matrix.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from multirt.matrix.processes import Processes

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(kw_only=True, slots=True)
class Turns(Generic[_Item, _Result]):
    """Cells that wait for their turn, and what came of the others.

    Attributes:
        jobs: how many at a time.
        processes: what testing them starts.
        given_up: makes the result of one that is not tested any more: why, in a state and in words.
        is_enough: whether nothing more is to begin after a result.
    """

    jobs: int
    processes: Processes
    given_up: Callable[[_Item, State, str], _Result]
    is_enough: Callable[[_Result], bool]
    _stop: threading.Event = field(default_factory=threading.Event)
    _done: SimpleQueue[_Result | BaseException] = field(default_factory=SimpleQueue)

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended it."""
        return self._stop.is_set() and self.processes.stopping

    def begin(self, items: Sequence[_Item], test: Callable[[_Item], _Result]) -> Iterator[_Result]:
        """Start with the first ones; what is returned yields results as they come.

        After the first interrupt they come all the same, of what there is.

        Args:
            items: what waits, in this order.
            test: makes a result of one.
        """
        waiting = deque(items)
        for _ in range(min(self.jobs, len(items))):
            threading.Thread(target=self._work, args=(waiting, test), daemon=True).start()
        return self._results(len(items))

    def _work(self, waiting: deque[_Item], test: Callable[[_Item], _Result]) -> None:
        """Take one after the other, the next as soon as one is done."""
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            try:
                self._done.put(self._one(item, test))
            except BaseException as error:  # noqa: BLE001 - who waits for the result raises it
                self._done.put(error)

    def _one(self, item: _Item, test: Callable[[_Item], _Result]) -> _Result:
        if (why := self.stopped()) is not None:
            return self.given_up(item, *why)
        result = test(item)
        # Here and not where results are collected: this thread takes the next one at once.
        if self.is_enough(result):
            self._stop.set()
        return result

    def stopped(self) -> tuple[State, str] | None:
        """Return why nothing is tested any more, in a state and in words; None while it is."""
        if not self._stop.is_set():
            return None
        if self.processes.stopping:
            return State.INTERRUPTED, "interrupted"
        return State.NOT_RUN, "another failed before it began"

    def _results(self, count: int) -> Iterator[_Result]:
        while count:
            try:
                result = self._done.get()
            except KeyboardInterrupt:
                self.stop()
                continue
            if isinstance(result, BaseException):
                raise result
            count -= 1
            yield result

    def stop(self) -> None:
        """End everything that runs, and let nothing begin."""
        self._stop.set()
        self.processes.stop()


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
