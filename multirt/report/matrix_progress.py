"""Show a run while it goes on: a live board on a terminal, blocks and a heartbeat elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from multirt.matrix.model import BAD, CellState
from multirt.report.matrix_text import block, counts, state_style
from multirt.report.terminal import Color, Colorizer, Style, escaped, painter
from multirt.report.units import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table

    from multirt.matrix.model import CellReport, ProgressView

HEARTBEAT = 30.0  # seconds of silence that a log of CI is to bear
_NAMED = 5  # failing tests that a block names
_WIDTH = 12
_FORCING = frozenset({"FORCE_COLOR", "TTY_COMPATIBLE", "JPY_PARENT_PID"})


class _RunningCell(msgspec.Struct):
    """A cell that is being tested."""

    step: str
    since: float
    tests: int = 0


class _LiveBoard:
    """Knows what every cell is doing; what it shows is for the two ways of showing it."""

    def __init__(self, total: int, *, live: bool) -> None:
        self.total = total
        self.live = live
        self.done = 0
        self.message = ""
        self.going: dict[str, _RunningCell] = {}
        self.guard = threading.RLock()
        self.spoke = time.monotonic()
        self.paint = painter(sys.stdout, os.environ, Color.AUTO)
        self.write: Callable[[str], object] = _write

    def say(self, message: str) -> None:
        with self.guard:
            self.message = message
            self._print(self.paint(escaped(message), Style.DIM))

    def step(self, cell: str, step: str) -> None:
        with self.guard:
            going = self.going.setdefault(cell, _RunningCell(step=step, since=time.monotonic()))
            going.step = step

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        with self.guard:
            if cell in self.going:
                self.going[cell].tests = tests
            if self.live:
                name = self.paint(f"{escaped(cell):{_WIDTH}}", Style.NAME)
                for line in lines:
                    self._print(f"{name} {escaped(line.rstrip())}")

    def finished(self, row: CellReport) -> None:
        with self.guard:
            self.going.pop(row.name, None)
            self.done += 1
            for line in _block(row, self.paint):
                self._print(line)

    def beat(self) -> None:
        """Say that it still goes on, after a long silence."""
        with self.guard:
            if time.monotonic() - self.spoke < HEARTBEAT:
                return
            now = time.monotonic()
            parts = [
                f"{name} ({each.step}, {_tests(each.tests)}, {duration(now - each.since)})"
                for name, each in self.going.items()
            ]
            doing = ", ".join(parts) or self.message
            self._print(f"{self.done} of {self.total} done; still going on: {escaped(doing)}")

    def _print(self, line: str) -> None:
        self.write(line)
        self.spoke = time.monotonic()

    def __rich__(self) -> Table:
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, pad_edge=False, show_header=False)
        for width in (_WIDTH, len("installing"), len("1000 tests"), len("10 min 00 s")):
            table.add_column(no_wrap=True, min_width=width)
        now = time.monotonic()
        with self.guard:
            for name, each in self.going.items():
                tests = _tests(each.tests) if each.tests else ""
                table.add_row(escape(escaped(name)), each.step, tests, duration(now - each.since))
            table.add_row(f"[dim]{self.done} of {self.total} done[/]")
        return table


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"


def _block(row: CellReport, paint: Colorizer) -> Iterator[str]:
    """Yield the lines that show the result of one cell."""
    look = state_style(row.state, may_fail=row.may_fail, required=row.required)
    parts = [counts(row.cases), duration(row.seconds) if row.seconds else ""]
    if row.reason is not None and not row.tests_explain:
        parts.append(row.reason)
    elif row.state is CellState.READY:
        parts.append("as it was" if row.reused else f"made in {duration(row.setup)}")
    excused = " (allowed to fail)" if row.may_fail and row.reason else ""
    line = "  ".join(block(part) for part in parts if part)
    yield f"{escaped(row.name):{_WIDTH}} {paint(row.state.value, look)}  {line}{excused}".rstrip()
    bad = [case for case in row.cases or () if case.outcome in BAD]
    for case in bad[:_NAMED]:
        yield f"    {escaped(case.id)}"
    if len(bad) > _NAMED:
        yield f"    and {len(bad) - _NAMED} more"


def _write(line: str) -> None:
    """Write a line where no board stands below it, for who follows it in a log."""
    print(line, flush=True)  # noqa: T201 - the command's own output


@contextlib.contextmanager
def live_progress(total: int, *, live: bool) -> Iterator[ProgressView]:
    """Show what goes on as long as it does."""
    watch = _LiveBoard(total, live=live)
    # What rich takes for a terminal, without rich where it would take it for none.
    if sys.stdout.isatty() or not _FORCING.isdisjoint(os.environ):
        from rich.live import Live
        from rich.text import Text

        from multirt.report.terminal import open_console

        console = open_console()
        if console.is_terminal and not console.is_dumb_terminal:
            watch.write = lambda line: console.print(Text.from_ansi(line), soft_wrap=True)
            with Live(watch, console=console, refresh_per_second=8, transient=True):
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
