"""What one run is asked to do, and who watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from multirt.matrix.report import Row


class View(Protocol):
    """Shows a run while it goes on.

    Its methods are called from several threads; cells go by their names.
    """

    def say(self, message: str) -> None:
        """Say what is done now, for all cells."""

    def step(self, cell: str, step: str) -> None:
        """Say what is done for a cell."""

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        """Show what a cell printed, and how many of its tests ended."""

    def finished(self, row: Row) -> None:
        """Show what came of a cell."""


class Quiet:
    """A view that shows nothing."""

    def say(self, message: str) -> None:
        """Say nothing."""

    def step(self, cell: str, step: str) -> None:
        """Say nothing."""

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        """Show nothing."""

    def finished(self, row: Row) -> None:
        """Show nothing."""


class Options(Struct, frozen=True, kw_only=True):
    """How a run is done.

    Attributes:
        jobs: cells at a time.
        fail_fast: nothing more begins after the first trouble.
        wheels: built elsewhere, to be tested in place of one that is built.
        posargs: for the commands, in place of `{posargs}`.
        timeout: seconds for each cell; None for what is configured.
        grace: seconds that an interrupted command has to clean up; None for what is configured.
        cover: measure coverage.
        test: run the commands; else only make the environments.
    """

    jobs: int
    fail_fast: bool = False
    wheels: tuple[Path, ...] = ()
    posargs: tuple[str, ...] = ()
    timeout: float | None = None
    grace: float | None = None
    cover: bool = False
    test: bool = True

    @property
    def is_usual(self) -> bool:
        """Whether what it plans serves the next run too."""
        return self.test and not (self.wheels or self.cover)
