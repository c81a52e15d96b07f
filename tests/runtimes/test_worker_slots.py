"""As many are at work as there are processors, and none of them can hold up the rest."""

from __future__ import annotations

import os
from threading import Barrier, Event, Lock

import pytest

from runtimes.worker_slots import run_parallel

PROCESSORS = max(2, len(os.sched_getaffinity(0)))


def test_answers_come_in_the_order_of_the_questions() -> None:
    assert run_parallel(lambda number, _: number * number, range(40)) == [n * n for n in range(40)]
    assert run_parallel(lambda number, _: number, []) == []


def test_no_more_are_at_work_than_there_are_processors() -> None:
    lock = Lock()
    seen: list[int] = []
    at_work = 0

    def question(_: int, __: Event) -> None:
        nonlocal at_work
        with lock:
            at_work += 1
            seen.append(at_work)
        os.sched_yield()
        with lock:
            at_work -= 1

    run_parallel(question, range(200))
    assert len(seen) == 200
    assert max(seen) <= PROCESSORS


def test_candidates_that_wait_leave_their_turn_to_others() -> None:
    """All wait for one that comes after more of them than there are processors."""
    number = min(PROCESSORS + 1, 8)  # more are never started
    together = Barrier(number, timeout=120)
    replies = run_parallel(lambda _, __: together.wait(), range(number))
    assert sorted(replies) == list(range(number))


def test_an_error_ends_the_rest() -> None:
    started = []

    def question(number: int, stop: Event) -> None:
        started.append(number)
        if number == 0:
            raise KeyboardInterrupt
        stop.wait()

    with pytest.raises(KeyboardInterrupt):
        run_parallel(question, range(1000))
    assert len(started) < 1000
