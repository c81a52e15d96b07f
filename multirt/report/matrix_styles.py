"""The styles and figures that the tables of a matrix share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.matrix.model import BAD, Outcome, State
from multirt.report.terminal import Ink, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.matrix.model import Case

INKS = {
    State.READY: Ink.GOOD,
    State.PASSED: Ink.GOOD,
    State.SKIPPED: Ink.DOUBT,
    State.NOT_RUN: Ink.DOUBT,
    State.INTERRUPTED: Ink.DOUBT,
}
_SKIPPED = (Outcome.SKIPPED, Outcome.XFAILED)


def ink(state: State, *, may_fail: bool = False, required: bool = True) -> Ink:
    """Return the style of a state."""
    if may_fail or (state is State.BLOCKED and not required):
        return INKS.get(state, Ink.DOUBT)
    return INKS.get(state, Ink.BAD_END)


def block(words: str) -> str:
    """Return words that may have several lines, each of which any terminal can show."""
    return "\n".join(map(visible, words.splitlines()))


def counts(cases: Iterable[Case] | None) -> str:
    """Say how many tests ended how: `21 passed, 1 failed, 2 skipped`."""
    if cases is None:
        return ""
    outcomes = [case.outcome for case in cases]
    kinds = (((Outcome.PASSED,), "passed"), (tuple(BAD), "failed"), (_SKIPPED, "skipped"))
    numbers = [(sum(each in kind for each in outcomes), word) for kind, word in kinds]
    return ", ".join(f"{number} {word}" for number, word in numbers if number) or "no tests"


def seconds(value: float) -> str:
    """Write a time as people read it: `0.24 s`, `12.3 s`, `4 min 05 s`."""
    if value < 10:  # noqa: PLR2004 - where a hundredth stops to matter
        return f"{value:.2f} s"
    if value < 120:  # noqa: PLR2004 - and where minutes are easier
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60):02d} s"
