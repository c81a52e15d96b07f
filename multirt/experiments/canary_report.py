"""Say what a trial has shown, and what to do about it. Pure."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.intervals import Ratio, unpaired_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# What a process does to itself; SIGTERM, SIGINT, SIGKILL and the like come from others.
_CRASHES = tuple(
    number
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if (number := getattr(signal, name, None)) is not None
)


class RunRole(StrEnum):
    """On what a start ran, and why."""

    USUAL = "usual"
    CANARY = "canary"  # instead of the usual one
    SHADOW = "shadow"  # after it, for comparison only


class CanaryPair(Struct, frozen=True, kw_only=True):
    """Which runtime is tried for which program.

    Attributes:
        program: the program's key.
        usual: the id of the runtime that it runs on as ever.
        canary: the id of the new one.
    """

    program: str
    usual: str
    canary: str


class RunResult(Struct, frozen=True, kw_only=True):
    """How a start ended.

    Attributes:
        exit_code: negative for a signal; None when it could not be started, or was not awaited.
        refused: why it could not be started; None when it was.
        seconds: how long it took.
        difference: where its output left that of the usual runtime, and how; empty when it was
            the same, None when they were not compared.
    """

    exit_code: int | None
    refused: str | None = None
    seconds: float = 0.0
    difference: str | None = None


class RunRecord(Struct, frozen=True, kw_only=True):
    """One start.

    Attributes:
        role: on what.
        at: when, in UTC.
        ending: how it ended; None when its end was not seen.
    """

    role: RunRole
    at: datetime
    ending: RunResult | None


class CanaryHistory(Struct, frozen=True, kw_only=True):
    """All starts of one trial.

    Attributes:
        trial: which.
        starts: the oldest first.
        stopped: why it was stopped for good; None while it goes on.
    """

    trial: CanaryPair
    starts: tuple[RunRecord, ...]
    stopped: str | None = None


def uses_canary(number: int, percent: float) -> bool:
    """Whether a start is the canary's: the share is exact, and spread evenly.

    Args:
        number: of the start, counted from 1.
        percent: of the starts that are the canary's.
    """
    return int(number * percent / 100) > int((number - 1) * percent / 100)


def is_crash(exit_code: int | None) -> bool:
    """Whether a program crashed, by its exit code as `subprocess` has it."""
    return exit_code is not None and -exit_code in _CRASHES


ENOUGH = 20  # starts on the canary, shadows among them, before it is recommended


class CanaryReport(Struct, frozen=True, kw_only=True):
    """What a trial has shown.

    Attributes:
        course: all of it.
        usual: starts on the usual runtime that ended.
        canary: the same on the canary, instead of the usual one.
        shadows: the same for comparison only.
        failed: of all those on the canary, how many ended with another code than 0.
        usual_failed: the same on the usual runtime.
        crashes: on the canary, by a signal of its own.
        refused: starts of the canary that could not be made.
        compared: outputs that were compared.
        differences: of these, where they differed, each one once.
        different: how many differed.
        ratio: how many times as fast the canary is; None when one of both has no times.
    """

    course: CanaryHistory
    usual: int
    canary: int
    shadows: int
    failed: int
    usual_failed: int
    crashes: int
    refused: int
    compared: int
    differences: tuple[str, ...]
    different: int
    ratio: Ratio | None

    @property
    def recommendation(self) -> str:
        """What to do, with the evidence."""
        usual, canary = self.course.trial.usual, self.course.trial.canary
        tried = self.canary + self.shadows
        if self.course.stopped is not None:
            return f"stay with {usual}: {canary} {self.course.stopped}"
        if self.different:
            return f"look first: {self.different} of {self.compared} outputs differ on {canary}"
        if self.failed * max(self.usual, 1) > self.usual_failed * max(tried, 1):
            return (
                f"look first: {self.failed} of {tried} starts failed on {canary},"
                f" {self.usual_failed} of {self.usual} on {usual}"
            )
        if tried < ENOUGH:
            return f"go on: {tried} of the {ENOUGH} starts that a recommendation takes"
        if self.ratio is not None and self.ratio.significant and self.ratio.estimate < 1:
            return f"stay with {usual}: {canary} works, and is slower, {self.ratio.estimate:.2f}x"
        return f"move to {canary}: {tried} starts, no crash, no failure more, {self._compared}"

    @property
    def _compared(self) -> str:
        """What is known of the outputs where none differs."""
        if not self.compared:
            return "outputs not compared (--shadow does)"
        return f"{self.compared} outputs compared and the same"


def report_on(course: CanaryHistory) -> CanaryReport:
    """Return what a trial has shown."""
    usual = list(_endings(course, {RunRole.USUAL}))
    canary = list(_endings(course, {RunRole.CANARY}))
    shadows = list(_endings(course, {RunRole.SHADOW}))
    tried = [*canary, *shadows]
    different = [each.difference for each in tried if each.difference]
    times = _times(usual), _times(tried)
    return CanaryReport(
        course=course,
        usual=len(usual),
        canary=len(canary),
        shadows=len(shadows),
        failed=sum(each.exit_code != 0 for each in tried),
        usual_failed=sum(each.exit_code != 0 for each in usual),
        crashes=sum(is_crash(each.exit_code) for each in tried),
        refused=sum(each.refused is not None for each in tried),
        compared=sum(each.difference is not None for each in tried),
        differences=tuple(dict.fromkeys(different)),
        different=len(different),
        ratio=unpaired_ratio(*times) if all(times) else None,
    )


def _endings(course: CanaryHistory, roles: set[RunRole]) -> Iterable[RunResult]:
    return (each.ending for each in course.starts if each.ending and each.role in roles)


def _times(endings: Iterable[RunResult]) -> list[float]:
    """Return the times of starts that went well: one that fails early is not fast."""
    return [each.seconds for each in endings if each.exit_code == 0 and each.seconds > 0]
