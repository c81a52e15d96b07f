"""Decide what a probing ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import ExitCode
from multirt.probe.findings import PROMISE, WARNING, Reason, kinds_of
from multirt.probe.report_values import SOURCE_ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.probe.report_values import Report


class Policy(Struct, frozen=True, kw_only=True):
    """Which reasons count.

    Attributes:
        failing: kinds of reasons that make the command fail.
        ignored: kinds that are neither shown nor counted.
    """

    failing: frozenset[str] = frozenset({PROMISE})
    ignored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, strict: bool, fail_on: Sequence[str], ignore: Sequence[str]) -> Policy:
        """Return the policy that some options ask for."""
        failing = {PROMISE, *fail_on, *([WARNING] if strict else [])}
        return cls(failing=frozenset(failing) - {*ignore}, ignored=frozenset(ignore))

    def fails(self, reason: Reason) -> bool:
        """Tell whether a reason makes the command fail."""
        return reason.kind in self.failing

    def exit_code(self, reports: Sequence[Report]) -> int:
        """Return what the command ends with.

        A source archive among others, as in `dist/*`, is no mistake; alone it is one.
        """
        errors = [report["error"]["kind"] for report in reports if report["error"] is not None]
        if set(errors) - {SOURCE_ARCHIVE} or (errors and len(errors) == len(reports)):
            return ExitCode.USAGE
        counted = self.failing - self.ignored
        return ExitCode.VIOLATION if any(counted & kinds_of(each) for each in reports) else 0
