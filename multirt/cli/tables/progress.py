"""Say on a terminal what is going on, for work of more than half a second."""

from __future__ import annotations

import sys
import time
from typing import Self

_SILENT = 0.5  # seconds; what is over sooner needs no words


class Progress:
    """One line on stderr that is overwritten, and gone at the end; nothing where no one looks."""

    def __init__(self, total: int) -> None:
        """Begin."""
        self._total = total
        self._done = 0
        self._begun = time.monotonic()
        self._shown = False

    def step(self, what: str) -> None:
        """Say what is done now."""
        self._done += 1
        if sys.stderr.isatty() and time.monotonic() - self._begun > _SILENT:
            self._shown = True
            sys.stderr.write(f"\r\033[K{self._done}/{self._total} {what}")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no trace."""
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
