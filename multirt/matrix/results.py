"""The values that say what came of a matrix."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.matrix.states import State

if TYPE_CHECKING:
    from multirt.matrix.model import Cell, Excluded, Planned, Wheel
    from multirt.matrix.run_cell import Ready


class Outcome(StrEnum):
    """What became of one test."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # not the test itself, but what it stands on
    SKIPPED = "skipped"
    XFAILED = "xfailed"  # it was expected to fail


BAD = frozenset({Outcome.FAILED, Outcome.ERROR})


class Case(Struct, frozen=True, kw_only=True):
    """One test on one runtime.

    Attributes:
        id: as pytest takes it, `tests/test_a.py::test_b[1]`.
        outcome: what became of it.
        seconds: that it took.
        message: one line; empty for a test that passed.
        text: what pytest shows of it; empty likewise.
    """

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    text: str = ""


class Result(Struct, frozen=True, kw_only=True):
    """What came of one cell.

    Attributes:
        planned: the cell with its wheel, and what was known before.
        state: what became of it.
        reason: why it did not pass, one clause; None when it did.
        hint: what would help; None when there is nothing to say.
        cases: every test; None where they were not counted, as for a command that is not pytest.
        setup: seconds for its environment.
        seconds: for its commands.
        command: the one that failed; None when none did.
        output: the end of what the commands printed.
        installed: name and version of every distribution, the project's too.
        reused: its environment was there already.
        ready: what running its commands takes; None where it has no environment here.
    """

    planned: Planned
    state: State
    reason: str | None = None
    hint: str | None = None
    cases: tuple[Case, ...] | None = None
    setup: float = 0.0
    seconds: float = 0.0
    command: tuple[str, ...] | None = None
    output: str = ""
    installed: tuple[tuple[str, str], ...] = ()
    reused: bool = False
    ready: Ready | None = None

    @property
    def cell(self) -> Cell:
        """The cell."""
        return self.planned.cell

    @property
    def counts(self) -> bool:
        """Whether what became of it may fail the run."""
        return not self.cell.may_fail


class Run(Struct, frozen=True, kw_only=True):
    """A whole run.

    Attributes:
        root: the project's folder, as text.
        wheels: under test, the one that most runtimes test first.
        results: of every cell that was meant, in their order.
        excluded: what the configuration leaves out.
        notes: what was taken because nothing was said.
        seconds: from start to end.
        interrupted: somebody ended it.
    """

    root: str
    wheels: tuple[Wheel, ...]
    results: tuple[Result, ...]
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False


TESTS_FAILED = frozenset({State.FAILED, State.CRASHED, State.TIMEOUT})
UNMET = frozenset({State.MISSING, State.BLOCKED})
NOT_MADE = frozenset({State.BUILD_FAILED, State.UNRESOLVED, State.CANNOT_START})
TROUBLE = TESTS_FAILED | UNMET | NOT_MADE | {State.BROKEN_PROMISE}
RAN = TESTS_FAILED | {State.PASSED, State.READY}  # ready is all that `sync` wants
