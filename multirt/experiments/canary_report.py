"""Say what a trial has shown, and what to do about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.canary_model import Role, is_crash
from multirt.experiments.intervals import Ratio, unpaired_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.experiments.canary_model import Course, Ending

ENOUGH = 20  # starts on the canary, shadows among them, before it is recommended


class Report(Struct, frozen=True, kw_only=True):
    """What a trial has shown.

    Attributes:
        course: all of it.
        usual: starts on the usual runtime that ended.
        canary: likewise on the canary, in place of the usual one.
        shadows: likewise for comparison only.
        failed: of all those on the canary, how many ended with another code than 0.
        usual_failed: likewise on the usual runtime.
        crashes: on the canary, by a signal of its own.
        refused: starts of the canary that could not be made.
        compared: outputs that were compared.
        differences: of these, where they differed, each one once.
        different: how many differed.
        ratio: how many times as fast the canary is; None when one of both has no times.
    """

    course: Course
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


def report_on(course: Course) -> Report:
    """Return what a trial has shown."""
    usual = list(_endings(course, {Role.USUAL}))
    canary = list(_endings(course, {Role.CANARY}))
    shadows = list(_endings(course, {Role.SHADOW}))
    tried = [*canary, *shadows]
    different = [each.difference for each in tried if each.difference]
    times = _times(usual), _times(tried)
    return Report(
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


def _endings(course: Course, roles: set[Role]) -> Iterable[Ending]:
    return (each.ending for each in course.starts if each.ending and each.role in roles)


def _times(endings: Iterable[Ending]) -> list[float]:
    """Return the times of starts that went well: one that fails early is not fast."""
    return [each.seconds for each in endings if each.exit_code == 0 and each.seconds > 0]
