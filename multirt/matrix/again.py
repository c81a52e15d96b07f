"""Run once more what was planned before."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from multirt.matrix.report import with_ran
from multirt.matrix.results import TROUBLE
from multirt.matrix.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from multirt.matrix.attempt import Ready, Runner
    from multirt.matrix.model import State
    from multirt.matrix.remembered import Remembered
    from multirt.matrix.report import Report, Row


@dataclass(slots=True)
class Again:
    """A run of cells whose environments are there.

    Attributes:
        remembered: the cells.
        runner: runs their commands.
    """

    remembered: Remembered
    runner: Runner
    _rows: dict[str, Row] = field(default_factory=dict)

    def run(self, meanwhile: Callable[[], object]) -> Report:
        """Run the commands of every cell, and return what that amounts to.

        Args:
            meanwhile: called once the first ones run.
        """
        start = time.monotonic()
        report = self.remembered.report
        self._rows = {row.name: row for row in report.rows}
        for row in report.rows:
            if all(row.name != each.name for each in self.remembered.ready):
                self.runner.view.finished(row)
        turns = self._turns()
        ready = self._in_order()
        turns.begin(ready, self._test)
        meanwhile()
        turns.collect(len(ready), self._take)
        return replace(
            report,
            rows=tuple(self._rows.values()),
            seconds=time.monotonic() - start,
            interrupted=turns.interrupted,
        )

    def _turns(self) -> Turns[Ready, Row]:
        options = self.runner.options
        return Turns(
            jobs=options.jobs,
            processes=self.runner.processes,
            given_up=self._given_up,
            is_enough=lambda row: options.fail_fast and not row.may_fail and row.state in TROUBLE,
        )

    def _in_order(self) -> list[Ready]:
        """Return the cells, the slowest first where several run: else it would end alone."""
        if self.runner.options.jobs > 1:
            return list(self.remembered.ready)
        ready = {each.name: each for each in self.remembered.ready}
        return [ready[name] for name in self._rows if name in ready]

    def _test(self, ready: Ready) -> Row:
        return with_ran(self._rows[ready.name], self.runner.run(ready))

    def _given_up(self, ready: Ready, state: State, reason: str) -> Row:
        return replace(self._rows[ready.name], state=state, reason=reason)

    def _take(self, row: Row) -> None:
        self._rows[row.name] = row
        self.runner.view.finished(row)
