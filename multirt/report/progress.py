"""Say on a terminal how far the work is, for work of more than half a second."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from multirt.report.terminal import escaped, shorten, terminal_width, width

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_SILENT: Final = 0.5  # seconds; what is over sooner needs no words
_BAR: Final = 20  # columns


class Progress:
    """A bar on stderr that is overwritten, and gone at the end; nothing where no one looks."""

    def __init__(
        self, total: int = 0, stream: TextIO | None = None, silent: float = _SILENT
    ) -> None:
        """Begin.

        Args:
            total: steps that there will be, as far as is known.
            stream: what is written to; None for stderr.
            silent: seconds in which nothing is shown.
        """
        self._stream = stream if stream is not None else sys.stderr
        self._silent = silent
        self._total = total
        self._done = 0
        self._begun = time.monotonic()
        self._shown = False

    def expect(self, more: int) -> None:
        """Say that there is more to do."""
        self._total += more

    def step(self, what: str) -> None:
        """Say what is done now."""
        self._done += 1
        looked_at = self._stream is not None and self._stream.isatty()
        if looked_at and time.monotonic() - self._begun >= self._silent:
            self._shown = True
            self._stream.write(f"\r\033[K{self._line(escaped(what))}")
            self._stream.flush()

    def _line(self, what: str) -> str:
        """Return the bar, in one line of the terminal."""
        filled = min(self._done * _BAR // max(self._total, 1), _BAR)
        line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._done}/{self._total} {what}"
        columns = terminal_width(os.environ, self._stream) - 1  # a full line would begin the next
        return shorten(line, columns) if width(line) > columns else line

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no trace."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()


@contextmanager
def waiting(message: str) -> Iterator[None]:
    """Show a line on stderr while the body runs, and take it away after; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from threading import Lock, Timer  # 1 ms, where someone looks

    lock = Lock()
    state = {"over": False, "shown": False}

    def show() -> None:
        with lock:
            if not state["over"]:
                state["shown"] = True
                sys.stderr.write(f"\r\033[Kmultirt: {message} ...")
                sys.stderr.flush()

    timer = Timer(_SILENT, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            state["over"] = True
            if state["shown"]:
                sys.stderr.write("\r\033[K")
                sys.stderr.flush()
