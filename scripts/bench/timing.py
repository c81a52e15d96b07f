"""Time commands side by side, as whole processes.

A machine is never quiet, so the commands take turns: in every round each runs once, in an order
that moves on, and two commands are compared round by round.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


class FailedError(Exception):
    """A command that was to be timed ended in another way than it should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One command to time.

    Attributes:
        name: what the table calls it.
        argv: the command; its first word is looked for on `env`'s PATH.
        env: its whole environment.
        before: called ahead of every run, outside the time: it empties a cache, for example.
        statuses: exit codes that count as done.
        log: where its output goes; by default it is thrown away.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    before: Callable[[], object] | None = None
    statuses: frozenset[int] = frozenset({0})
    log: Path = Path(os.devnull)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """What the runs of one command took.

    Attributes:
        name: of the command.
        wall: seconds from start to end, one for each round.
        cpu: seconds of processor time, of the command and of every child that it waited for.
    """

    name: str
    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the times from start to end, in seconds."""
        return statistics.median(self.wall)


def measure(works: Sequence[Work], *, rounds: int, warmups: int = 1) -> tuple[Timed, ...]:
    """Run every command once a round, and return the times in the order of the commands.

    Args:
        works: the commands.
        rounds: how often each is timed.
        warmups: rounds ahead of these that do not count.

    Raises:
        FailedError: a command is not there, or ended with a code that is not one of its `statuses`.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in works]
    for turn in range(warmups + rounds):
        for position in range(len(works)):
            index = (position + turn) % len(works)
            once = _run(works[index])
            if turn >= warmups:
                taken[index].append(once)
    return tuple(
        Timed(
            name=work.name,
            wall=tuple(wall for wall, _ in pairs),
            cpu=tuple(cpu for _, cpu in pairs),
        )
        for work, pairs in zip(works, taken, strict=True)
    )


def ratio(one: Timed, other: Timed) -> float:
    """Return how many times as long one took as another: the median over the rounds.

    What slows the whole machine for a while slows both of a round.
    """
    return statistics.median(mine / its for mine, its in zip(one.wall, other.wall, strict=True))


def added(one: Timed, other: Timed) -> float:
    """Return how many seconds longer one took than another: the median over the rounds."""
    return statistics.median(mine - its for mine, its in zip(one.wall, other.wall, strict=True))


def table(timed: Iterable[Timed], *, base: Timed) -> str:
    """Return rows of median, least and greatest milliseconds, and the ratio to one of them."""
    timed = list(timed)
    width = max(len(each.name) for each in timed)
    head = f"{'':{width}}  {'median':>9}  {'least':>9}  {'greatest':>9}  {'cpu':>9}  {'ratio':>7}"
    return "\n".join([head, *(_row(each, base, width) for each in timed)])


def _row(each: Timed, base: Timed, width: int) -> str:
    figures = (each.median, min(each.wall), max(each.wall), statistics.median(each.cpu))
    cells = "".join(f"{1000 * figure:.1f}ms".rjust(11) for figure in figures)
    return f"{each.name:{width}}{cells}  {ratio(each, base):6.2f}x"


def _run(work: Work) -> tuple[float, float]:
    """Run a command once; return its time from start to end and its processor time."""
    program = shutil.which(work.argv[0], path=work.env.get("PATH"))
    if program is None:
        raise FailedError(f"{work.name}: no such program: {work.argv[0]}")
    if work.before is not None:
        work.before()
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, work.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Quicker and steadier than `subprocess`, and it gives the processor time.
    started = time.perf_counter()
    child = os.posix_spawn(program, list(work.argv), work.env, file_actions=streams)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) not in work.statuses:
        code = os.waitstatus_to_exitcode(status)
        raise FailedError(f"{work.name}: ended with {code}: {' '.join(work.argv)}")
    return wall, usage.ru_utime + usage.ru_stime
