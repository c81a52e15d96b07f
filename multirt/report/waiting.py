"""Say on a terminal what is being waited for, where that takes more than half a second."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SILENT = 0.5  # seconds; what is over sooner needs no words


@contextmanager
def waiting(message: str) -> Iterator[None]:
    """Show a line on stderr while the body runs, and take it away after; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
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
