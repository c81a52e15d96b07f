"""Do the same with many things, some at a time, until all are done or somebody has enough."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct, field

from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from multirt.matrix.processes import Processes

_AT_ONCE = 1.0  # seconds until what was killed is known to have ended
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Turns(Struct, Generic[_Item, _Result], kw_only=True):
    """Cells that wait for their turn, and what came of the others.

    Attributes:
        jobs: how many at a time.
        processes: what testing them starts.
        given_up: makes the result of one that is not tested any more: why, in a state and in words.
        is_enough: whether nothing more is to begin after a result.
        say: told of an interrupt.
    """

    jobs: int
    processes: Processes
    given_up: Callable[[_Item, State, str], _Result]
    is_enough: Callable[[_Result], bool]
    say: Callable[[str], object]
    _stop: threading.Event = field(default_factory=threading.Event)
    _results: list[_Result | BaseException] = field(default_factory=list)
    _open: list[_Item] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _hasty: bool = False
    _more: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended it."""
        return self._stop.is_set() and self.processes.stopping

    def begin(self, items: Iterable[_Item], test: Callable[[_Item], _Result]) -> None:
        """Start with the first ones; `collect` gives what came of them.

        Args:
            items: what waits, in this order.
            test: makes a result of one.
        """
        waiting = deque(items)
        self._open += waiting
        for _ in range(min(self.jobs, len(waiting))):
            thread = threading.Thread(target=self._work, args=(waiting, test), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, waiting: deque[_Item], test: Callable[[_Item], _Result]) -> None:
        """Take one after the other, the next as soon as one is done."""
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            try:
                result: _Result | BaseException = self._one(item, test)
            except BaseException as error:  # noqa: BLE001 - who collects raises it
                result = error
            with self._guard:
                if item in self._open:  # else it was given up
                    self._open.remove(item)
                    self._results.append(result)
            self._more.release()

    def collect(self, take: Callable[[_Result], None]) -> None:
        """Hand out results as they come.

        After an interrupt, what runs has time to clean up; after a second one, what does not end
        at once is given up.

        Args:
            take: given each; what an interrupt finds half taken is taken once more.
        """
        taken = 0
        try:
            while self._open or taken < len(self._results):
                try:
                    while taken < len(self._results):
                        take(_result(self._results[taken]))
                        taken += 1
                    self._await_one()
                except KeyboardInterrupt:
                    self._interrupt()
        except BaseException:
            self.stop()  # or tests would go on that nobody ends
            raise

    def _await_one(self) -> None:
        """Wait for a result, if there is to be one; give up what was killed and does not end."""
        if self._open and not self._more.acquire(timeout=_AT_ONCE if self._hasty else None):
            self._give_up()

    def _interrupt(self) -> None:
        """Ask what runs to end; the second time, end it."""
        self._hasty = self.processes.stopping
        self._stop.set()
        self.processes.stop()
        if not self._hasty:
            self.say("interrupted: what runs has time to clean up; once more ends it at once")

    def _give_up(self) -> None:
        """Take as interrupted what does not end."""
        with self._guard:
            while self._open:
                item = self._open.pop(0)
                self._results.append(self.given_up(item, State.INTERRUPTED, "interrupted"))

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

    def stop(self) -> None:
        """End everything that runs at once, and let nothing begin."""
        self._stop.set()
        self.processes.stop(at_once=True)

    def abandon(self) -> None:
        """End everything, and wait until nobody works any more; what came of it is lost."""
        self.stop()
        for thread in self._threads:
            thread.join()


def _result(found: _Result | BaseException) -> _Result:
    """Return a result.

    Raises:
        BaseException: what went wrong in place of it.
    """
    if isinstance(found, BaseException):
        raise found
    return found


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
