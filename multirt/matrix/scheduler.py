"""Run the planned cells of a matrix in parallel, here or on the workers of a cluster."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.matrix.install import Tester
from multirt.matrix.model import TROUBLE, CellState, MatrixReport
from multirt.matrix.plan import wheels_without_extensions
from multirt.matrix.report import wheel_report
from multirt.matrix.shadows import shadowed_packages
from multirt.matrix.source_digest import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from multirt.matrix.cells import Cells
    from multirt.matrix.model import Cell, CellPlan, CellReport, Wheel
    from multirt.matrix.planner import Planner
    from multirt.matrix.processes import Processes
    from multirt.matrix.run_cell import Runner

_AT_ONCE = 1.0  # seconds until what was killed is known to have ended


@dataclass(kw_only=True, slots=True)
class CellScheduler:
    """Cells that wait for their turn, and the results of the others.

    Attributes:
        jobs: how many at a time.
        fail_fast: nothing more begins after the first trouble.
        processes: what testing them starts.
        say: called of an interrupt.
    """

    jobs: int
    fail_fast: bool
    processes: Processes
    say: Callable[[str], object]
    _stop: threading.Event = field(default_factory=threading.Event)
    _results: list[CellReport | BaseException] = field(default_factory=list)
    _open: list[CellPlan] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _hasty: bool = False
    _more: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def interrupted(self) -> bool:
        """Whether the user ended it."""
        return self._stop.is_set() and self.processes.stopping

    def begin(self, items: Iterable[CellPlan], test: Callable[[CellPlan], CellReport]) -> None:
        """Start the first ones; `collect` hands out their results.

        Args:
            items: what waits, in this order.
            test: makes a result of one.
        """
        waiting = deque(items)
        self._open += waiting
        for _ in range(min(self.jobs, len(waiting))):
            threading.Thread(target=self._work, args=(waiting, test), daemon=True).start()

    def _work(self, waiting: deque[CellPlan], test: Callable[[CellPlan], CellReport]) -> None:
        """Take one after the other, the next as soon as one is done."""
        while True:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            try:
                result: CellReport | BaseException = self._one(item, test)
            except BaseException as error:  # noqa: BLE001 - who collects raises it
                result = error
            with self._guard:
                if item in self._open:  # else it was given up
                    self._open.remove(item)
                    self._results.append(result)
            self._more.release()

    def collect(self, take: Callable[[CellReport], None]) -> None:
        """Hand out results as they come.

        After an interrupt, what runs has time to clean up; after a second one, what does not end
        at once is given up.

        Args:
            take: given each; what an interrupt finds half taken is taken once more.
        """
        taken = 0
        try:
            while self._open or taken < len(self._results):
                try:
                    while taken < len(self._results):
                        take(_result(self._results[taken]))
                        taken += 1
                    self._await_one()
                except KeyboardInterrupt:
                    self._interrupt()
        except BaseException:
            self.stop()  # or tests would go on
            raise

    def _await_one(self) -> None:
        """Wait for a result, if there is to be one; give up what was killed and does not end."""
        if self._open and not self._more.acquire(timeout=_AT_ONCE if self._hasty else None):
            self._give_up()

    def _interrupt(self) -> None:
        """Ask what runs to end; the second time, end it."""
        self._hasty = self.processes.stopping
        self._stop.set()
        self.processes.stop()
        if not self._hasty:
            self.say("interrupted: what runs has time to clean up; once more ends it at once")

    def _give_up(self) -> None:
        """Take as interrupted what does not end."""
        with self._guard:
            while self._open:
                item = self._open.pop(0)
                self._results.append(_given_up(item, CellState.INTERRUPTED, "interrupted"))

    def _one(self, item: CellPlan, test: Callable[[CellPlan], CellReport]) -> CellReport:
        if (why := self.stopped()) is not None:
            return _given_up(item, *why)
        result = test(item)
        # Here and not where results are collected: this thread takes the next one at once.
        if self.fail_fast and not result.may_fail and result.state in TROUBLE:
            self._stop.set()
        return result

    def stopped(self) -> tuple[CellState, str] | None:
        """Return why nothing is tested any more, in a state and in words; None while it is."""
        if not self._stop.is_set():
            return None
        if self.processes.stopping:
            return CellState.INTERRUPTED, "interrupted"
        return CellState.NOT_RUN, "another failed before it began"

    def stop(self) -> None:
        """End everything that runs at once, and let nothing begin."""
        self._stop.set()
        self.processes.stop(at_once=True)


def _given_up(plan: CellPlan, state: CellState, reason: str) -> CellReport:
    """Return the result of a cell that is not tested any more."""
    return replace(plan.report, state=state, reason=reason)


def _result(found: CellReport | BaseException) -> CellReport:
    """Return a result.

    Raises:
        BaseException: what went wrong instead of it.
    """
    if isinstance(found, BaseException):
        raise found
    return found


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scheduler_of(runner: Runner) -> CellScheduler:
    """Return what gives the cells of a run their turns."""
    return CellScheduler(
        jobs=runner.options.jobs,
        fail_fast=runner.options.fail_fast,
        processes=runner.processes,
        say=runner.view.say,
    )


def run_plans(
    plans: Sequence[CellPlan],
    test: Callable[[CellPlan], CellReport],
    runner: Runner,
    scheduler: CellScheduler,
) -> tuple[CellReport, ...]:
    """Test what can be tested, and return the report of every cell.

    Args:
        plans: of the cells.
        test: returns the report of one that is ready; its errors become reports.
        runner: of the run.
        scheduler: from `scheduler_of`.
    """
    reports: dict[str, CellReport] = {}

    def take(report: CellReport) -> None:
        reports[report.name] = report
        runner.view.finished(report)

    def tested(plan: CellPlan) -> CellReport:
        try:
            return test(plan)
        except (MultirtError, OSError) as error:
            from multirt.matrix.install import (
                report_uncreated,
            )  # 100 ms, which most runs do without

            report = report_uncreated(plan, error)
            stopped = runner.processes.stopping and report.state is CellState.CANNOT_START
            return replace(report, state=CellState.INTERRUPTED) if stopped else report

    for plan in plans:
        if plan.report.state is not CellState.READY:
            take(plan.report)
    ready = [plan for plan in plans if plan.report.state is CellState.READY]
    if runner.options.jobs > 1:  # the slowest first: else it would end alone
        ready.sort(key=lambda plan: -(math.inf if plan.took is None else plan.took))
    scheduler.begin(ready, tested)
    scheduler.collect(take)
    return tuple(reports[plan.name] for plan in plans)


def run_matrix(
    planner: Planner, runner: Runner, cells: Cells, selected: Sequence[Cell]
) -> tuple[MatrixReport, tuple[CellPlan, ...]]:
    """Plan and test the selected cells; return the report, and their plans with environments.

    Raises:
        MultirtError: the project does not build.
    """
    start = time.monotonic()
    config = planner.config
    wheels, plans = planner.plan(selected)
    scheduler = scheduler_of(runner)
    by_name = {cell.name: cell for cell in selected}
    tester = Tester(runner=runner, installer=planner.installer, cells=by_name, wheels=wheels)
    shadowed = shadowed_packages(
        config.root, wheels, _as_run(selected, wheels, cover=runner.options.cover)
    )
    test = tester.test
    if planner.far is not None:
        from multirt.matrix.remote import (
            RemoteTester,  # with concurrent.futures; for a cluster only
        )

        test = RemoteTester(
            far=planner.far,
            name=runner.state.name,
            project=archive(config.root),
            cells=by_name,
            wheels=wheels,
            runner=runner,
            build_deps=config.build_deps,
            fresh=planner.installer.fresh,
            stopped=scheduler.stopped,
        ).test
    reports = run_plans(plans, test, runner, scheduler)
    report = MatrixReport(
        project=config.name or config.root.name,
        wheels=tuple(map(wheel_report, wheels)),
        cells=reports,
        excluded=cells.excluded,
        notes=(*config.notes, *wheels_without_extensions(wheels), *shadowed),
        seconds=round(time.monotonic() - start, 3),
        interrupted=scheduler.interrupted,
        posargs=runner.options.posargs,
    )
    return report, tuple(tester.prepared.get(each.name, each) for each in plans)


def _as_run(cells: Sequence[Cell], wheels: Sequence[Wheel], *, cover: bool) -> tuple[Cell, ...]:
    """Return cells with the commands that are started for theirs."""
    if not cover:
        return tuple(cells)
    from multirt.matrix.commands import with_coverage

    modules = [name for wheel in wheels for name in wheel.modules]
    return tuple(
        replace(cell, commands=tuple(with_coverage(each, modules) for each in cell.commands))
        for cell in cells
    )
