"""Run once more what was planned before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.environments.integrity import is_whole
from multirt.matrix.run_cell import Ran
from multirt.matrix.scheduler import Turns
from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from multirt.matrix.remembered import Remembered
    from multirt.matrix.report import Report, Row
    from multirt.matrix.run_cell import Ready, Runner

_Done = tuple["Ready", Ran]


class _DamagedError(Exception):
    """What is remembered, or an environment, is not as it was."""


class Again(Struct):
    """A run of cells whose environments are there.

    Attributes:
        remembered: the cells.
        runner: runs their commands.
    """

    remembered: Remembered
    runner: Runner
    _rows: dict[str, Row] = field(default_factory=dict)

    def run(self, meanwhile: Callable[[], object]) -> Report | None:
        """Run the commands of every cell, and return what that amounts to.

        None where an environment or what is remembered turns out to be damaged: then a plan is to
        be made. That is looked at when the first cells run already, for it takes a while.

        Args:
            meanwhile: called once the first ones run.
        """
        start = time.monotonic()
        turns = self._turns()
        several = self.runner.options.jobs > 1  # else the slowest would end alone
        ready = self.remembered.slowest if several else self.remembered.ready
        try:
            # To stop after a failure is to know whose failures count.
            first = self._expected() if self.runner.options.fail_fast else None
            turns.begin(ready, self._test)
            report = first or self._expected()
            meanwhile()
            turns.collect(self._take)
        except _DamagedError:
            turns.abandon()
            return None
        except BaseException:
            turns.abandon()
            raise
        return replace(
            report,
            rows=tuple(self._rows.values()),
            seconds=time.monotonic() - start,
            interrupted=turns.interrupted,
        )

    def _expected(self) -> Report:
        """Return the report as it would be if no command ran.

        Raises:
            _DamagedError: it is none, or of other cells.
        """
        from multirt.report.matrix_json import DAMAGES, report_in  # 15 ms

        try:
            report = report_in(self.remembered.document)
        except DAMAGES as error:
            raise _DamagedError from error
        waiting = {each.name for each in self.remembered.ready}
        if {row.name for row in report.rows if row.state is State.READY} != waiting:
            raise _DamagedError
        self._rows = {row.name: row for row in report.rows}
        for row in report.rows:
            if row.name not in waiting:
                self.runner.view.finished(row)
        return report

    def _turns(self) -> Turns[Ready, _Done]:
        return Turns(
            jobs=self.runner.options.jobs,
            processes=self.runner.processes,
            given_up=_given_up,
            is_enough=self._is_enough,
            say=self.runner.view.say,
        )

    def _is_enough(self, done: _Done) -> bool:
        """Whether nothing more is to begin after what came of a cell."""
        if not self.runner.options.fail_fast:
            return False
        from multirt.matrix.results import TROUBLE  # 3 ms

        ready, ran = done
        return not self._rows[ready.name].may_fail and ran.state in TROUBLE

    def _test(self, ready: Ready) -> _Done:
        if not is_whole(ready.home, ready.python, ready.local):
            raise _DamagedError
        return ready, self.runner.run(ready)

    def _take(self, done: _Done) -> None:
        from multirt.matrix.report import with_ran  # it is there by now

        ready, ran = done
        row = with_ran(self._rows[ready.name], ran)
        self._rows[ready.name] = row
        self.runner.view.finished(row)


def _given_up(ready: Ready, state: State, reason: str) -> _Done:
    return ready, Ran(
        state=state, reason=reason, command=None, cases=None, seconds=0.0, output="", warnings=()
    )
