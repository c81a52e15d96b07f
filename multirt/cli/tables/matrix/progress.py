"""Show a run while it goes on: a live board on a terminal, blocks and a heartbeat elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from multirt.cli.tables.matrix.words import counts, seconds, style
from multirt.cli.tables.text import block, open_console, text
from multirt.matrix.model import State
from multirt.matrix.results import BAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from multirt.matrix.report import Row
    from multirt.matrix.session import View

HEARTBEAT = 30.0  # seconds of silence that a log of CI is to bear
_NAMED = 5  # failing tests that a block names
_WIDTH = 12
_FORCING = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE", "JPY_PARENT_PID"})


@dataclass(slots=True)
class _Going:
    """A cell that is being tested."""

    step: str
    since: float
    tests: int = 0


class _Watch:
    """Knows what every cell is doing; what it shows is for the two ways of showing it."""

    def __init__(self, total: int, *, live: bool) -> None:
        self.total = total
        self.live = live
        self.done = 0
        self.message = ""
        self.going: dict[str, _Going] = {}
        self.guard = threading.RLock()
        self.spoke = time.monotonic()

    @cached_property
    def console(self) -> Console:
        """Where it is shown; opened when the first cells run already."""
        return open_console()

    def say(self, message: str) -> None:
        with self.guard:
            self.message = message
            self._print(text(message), style="dim")

    def step(self, cell: str, step: str) -> None:
        with self.guard:
            going = self.going.setdefault(cell, _Going(step=step, since=time.monotonic()))
            going.step = step

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        with self.guard:
            if cell in self.going:
                self.going[cell].tests = tests
            if self.live:
                for line in lines:
                    self._print(f"[cyan]{text(cell):{_WIDTH}}[/] {text(line.rstrip())}")

    def finished(self, row: Row) -> None:
        with self.guard:
            self.going.pop(row.name, None)
            self.done += 1
            for line in _block(row):
                self._print(line)

    def beat(self) -> None:
        """Say that it still goes on, after a long silence."""
        with self.guard:
            if time.monotonic() - self.spoke < HEARTBEAT:
                return
            now = time.monotonic()
            parts = [
                f"{name} ({each.step}, {_tests(each.tests)}, {seconds(now - each.since)})"
                for name, each in self.going.items()
            ]
            doing = ", ".join(parts) or self.message
            self._print(f"{self.done} of {self.total} done; still going on: {text(doing)}")

    def _print(self, line: str, style: str | None = None) -> None:
        self.console.print(line, style=style, soft_wrap=True)
        self.spoke = time.monotonic()

    def __rich__(self) -> Table:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_header=False)
        for width in (_WIDTH, len("installing"), len("1000 tests"), len("10 min 00 s")):
            table.add_column(no_wrap=True, min_width=width)
        now = time.monotonic()
        with self.guard:
            for name, each in self.going.items():
                tests = _tests(each.tests) if each.tests else ""
                table.add_row(text(name), each.step, tests, seconds(now - each.since))
            table.add_row(f"[dim]{self.done} of {self.total} done[/]")
        return table


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"


def _block(row: Row) -> Iterator[str]:
    """Yield the lines that say what came of one row."""
    look = style(row.state, may_fail=row.may_fail, required=row.required)
    parts = [counts(row.cases), seconds(row.seconds) if row.seconds else ""]
    if row.reason is not None:
        parts.append(row.reason)
    elif row.state is State.READY:
        parts.append("as it was" if row.reused else f"made in {seconds(row.setup)}")
    excused = " (allowed to fail)" if row.may_fail and row.reason else ""
    said = "  ".join(block(part) for part in parts if part)
    yield f"{text(row.name):{_WIDTH}} [{look}]{row.state.value}[/]  {said}{excused}"
    bad = [case for case in row.cases or () if case.outcome in BAD]
    for case in bad[:_NAMED]:
        yield f"    {text(case.id)}"
    if len(bad) > _NAMED:
        yield f"    and {len(bad) - _NAMED} more"


@contextlib.contextmanager
def watching(total: int, *, live: bool) -> Iterator[View]:
    """Show what goes on as long as it does."""
    watch = _Watch(total, live=live)
    # What rich takes for a terminal, without rich where it would take it for none.
    maybe = sys.stdout.isatty() or not _FORCING.isdisjoint(os.environ)
    if maybe and watch.console.is_terminal and not watch.console.is_dumb_terminal:
        from rich.live import Live

        with Live(watch, console=watch.console, refresh_per_second=8, transient=True):
            yield watch
        return
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(1.0):
            watch.beat()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
