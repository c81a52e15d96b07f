"""Run a matrix: build once, say what is known before, test the cells in parallel."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from abi_probe import Prospect
from multirt.environments import UnresolvableError
from multirt.environments.abi_target import prospect_of, target_of
from multirt.errors import ExitCode, MultirtError
from multirt.matrix.model import Package
from multirt.matrix.plan import INSTALLED, hollow, plan, shadows, under_test
from multirt.matrix.report import row_of
from multirt.matrix.results import TROUBLE, Result, Run
from multirt.matrix.run_cell import Runner
from multirt.matrix.scheduler import Turns
from multirt.matrix.source_digest import archive
from multirt.matrix.states import State
from multirt.matrix.test_cell import Tester, unmade
from multirt.matrix.wheel_cache import given
from multirt.matrix.wheels import Wheels, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from multirt.matrix.cells import Cells
    from multirt.matrix.install import Installer
    from multirt.matrix.model import Cell, Config, Planned, Wheel
    from multirt.matrix.processes import Processes
    from multirt.matrix.remote import Far, Sender
    from multirt.matrix.session import Options, View
    from runtimes import Runtime

_WITH_WHEEL = INSTALLED | {Package.DEPS_ONLY}


class Engine(Struct):
    """All that a run needs.

    Attributes:
        config: what is configured.
        options: how it is done.
        view: who is told.
        workshop: builds wheels.
        installer: makes environments.
        here: the runtimes of this machine, any of which may build, the best first.
        room: the folder of this run.
        processes: what it started.
        env: the user's environment.
        far: where cells are tested; None for this machine.
        took: seconds of the cells' commands the last time, by their names.
    """

    config: Config
    options: Options
    view: View
    workshop: Workshop
    installer: Installer
    here: Sequence[Runtime]
    room: Path
    processes: Processes
    env: Mapping[str, str]
    far: Far | None = None
    took: Mapping[str, float] = field(default_factory=dict)

    def plan(self, cells: Sequence[Cell]) -> tuple[tuple[Wheel, ...], tuple[Planned, ...]]:
        """Return the wheels under test and what is known of each cell before it is tested.

        Raises:
            MultirtError: the project does not build.
        """
        installed = [cell for cell in cells if cell.runtime and cell.package in _WITH_WHEEL]
        made = Wheels(wheels=given(self.options.wheels))
        if installed and not made.wheels:
            made = self._built(installed)
        wheels = made.wheels
        planned = plan(cells, wheels, self._prospects(installed, wheels), self.config)
        if self.far is not None:
            planned = tuple(map(_unoffered, planned))
        return wheels, tuple(_with_failure(each, made.failures) for each in planned)

    def _built(self, cells: Sequence[Cell]) -> Wheels:
        """Return the wheels for cells, built with runtimes of this machine."""
        buildable = self.far.builders(cells) if self.far is not None else cells
        runtimes = _runtimes(buildable)
        if not runtimes:
            hint = "build the wheel elsewhere, and name it: --wheel FILE"
            message = "no runtime is here to build with"
            raise MultirtError("build", message, hint, ExitCode.BUILD_FAILED)
        builder = self._builder()
        used = (*runtimes, *([builder] if builder is not None else []))
        targets = {each.id: target_of(each, None) for each in used}
        return self.workshop.wheels(self.config, buildable, targets, builder)

    def _builder(self) -> Runtime | None:
        """Return the runtime that is configured to build; None where none is.

        Raises:
            MultirtError: it is not here.
        """
        wanted = self.config.build_runtime
        if wanted is None:
            return None
        found = next(filter(wanted.accepts, self.here), None)
        if found is None:
            hint = "`multirt list` shows the runtimes that are here"
            raise MultirtError("config", f"build-runtime: no runtime here fits {wanted}", hint)
        return found

    def _prospects(self, cells: Sequence[Cell], wheels: Sequence[Wheel]) -> dict[str, Prospect]:
        """Return what the runtimes of cells give, as far as the wheels may need it."""
        if self.far is not None:
            return {name: offer.prospect for name, offer in self.far.offers.items()}
        native = any(each.artefact.extensions or each.artefact.libraries for each in wheels)
        return {
            each.id: prospect_of(each, self.env)
            if native
            else Prospect(target=target_of(each, None), given=None)
            for each in _runtimes(cells)
        }

    def foresee(self, cells: Sequence[Cell]) -> tuple[tuple[Wheel, ...], tuple[Planned, ...]]:
        """Return the plan, with what the requirements of each cell add to it.

        Raises:
            MultirtError: the project does not build.
        """
        from concurrent.futures import ThreadPoolExecutor

        wheels, planned = self.plan(cells)
        with ThreadPoolExecutor(max_workers=self.options.jobs) as pool:
            return wheels, tuple(pool.map(lambda each: self._resolved(each, wheels), planned))

    def _resolved(self, planned: Planned, wheels: Sequence[Wheel]) -> Planned:
        """Return a cell with what stands against its requirements."""
        runtime = planned.cell.runtime
        if planned.state is not State.READY or runtime is None:
            return planned
        try:
            self.installer.resolve(planned.cell, runtime, under_test(planned, wheels))
        except UnresolvableError as error:
            found = unmade(planned, error)
            return replace(planned, state=found.state, reason=found.reason, hint=found.hint)
        return planned

    def run(self, cells: Cells, meant: Sequence[Cell]) -> Run:
        """Test the cells that are meant.

        Raises:
            MultirtError: the project does not build.
        """
        start = time.monotonic()
        wheels, planned = self.plan(meant)
        shadowed = shadows(self.config.root, wheels, self._as_run(meant, wheels))
        turns = self._turns()
        tester = self._tester(wheels, turns)
        results = self._test(planned, turns, tester)
        return Run(
            root=str(self.config.root),
            wheels=wheels,
            results=tuple(results[each.cell.name] for each in planned),
            excluded=cells.excluded,
            notes=(*self.config.notes, *hollow(wheels), *shadowed),
            seconds=time.monotonic() - start,
            interrupted=turns.interrupted,
        )

    def _as_run(self, cells: Sequence[Cell], wheels: Sequence[Wheel]) -> tuple[Cell, ...]:
        """Return cells with the commands that are started for theirs."""
        if not self.options.cover:
            return tuple(cells)
        from multirt.matrix.coverage_data import covered

        modules = [name for wheel in wheels for name in wheel.modules]
        return tuple(
            replace(cell, commands=tuple(covered(each, modules) for each in cell.commands))
            for cell in cells
        )

    def _turns(self) -> Turns[Planned, Result]:
        """Return what gives the cells their turns, and stops at the first trouble if asked to."""
        return Turns(
            jobs=self.options.jobs,
            processes=self.processes,
            given_up=_given_up,
            is_enough=lambda result: (
                self.options.fail_fast and result.counts and result.state in TROUBLE
            ),
            say=self.view.say,
        )

    def _test(
        self, planned: Sequence[Planned], turns: Turns[Planned, Result], tester: Tester | Sender
    ) -> dict[str, Result]:
        """Test what can be tested, as many at a time as are asked for."""
        results = {
            each.cell.name: Result(
                planned=each, state=each.state, reason=each.reason, hint=each.hint
            )
            for each in planned
            if each.state is not State.READY
        }
        for result in results.values():
            self.view.finished(row_of(result))
        ready = self._in_order(each for each in planned if each.state is State.READY)
        turns.begin(ready, lambda each: self._tested(tester, each))

        def take(result: Result) -> None:
            results[result.cell.name] = result
            self.view.finished(row_of(result))

        turns.collect(take)
        return results

    def _in_order(self, ready: Iterable[Planned]) -> list[Planned]:
        """Return the cells, the slowest first where several run: else it would end alone."""
        if self.options.jobs == 1:
            return list(ready)
        return sorted(ready, key=lambda each: -self.took.get(each.cell.name, math.inf))

    def _tester(self, wheels: tuple[Wheel, ...], turns: Turns[Planned, Result]) -> Tester | Sender:
        """Return what tests cells: here, or on the cluster."""
        if self.far is not None:
            from multirt.matrix.remote import Sender  # with concurrent.futures; for a cluster only

            return Sender(
                far=self.far,
                name=self.workshop.state.name,
                project=archive(self.config.root),
                env=self.env,
                wheels=wheels,
                options=self.options,
                view=self.view,
                build_deps=self.config.build_deps,
                fresh=self.installer.fresh,
                stopped=turns.stopped,
            )
        runner = Runner(
            root=self.config.root,
            state=self.workshop.state,
            room=self.room,
            env=self.env,
            options=self.options,
            processes=self.processes,
            view=self.view,
        )
        return Tester(runner=runner, installer=self.installer, wheels=wheels)

    def _tested(self, tester: Tester | Sender, planned: Planned) -> Result:
        """Return what testing a cell comes to, which is never an exception."""
        try:
            return tester.test(planned)
        except (MultirtError, OSError) as error:
            result = unmade(planned, error)
            if self.processes.stopping and result.state is State.CANNOT_START:
                return replace(result, state=State.INTERRUPTED)
            return result


def _runtimes(cells: Sequence[Cell]) -> tuple[Runtime, ...]:
    """Return the runtimes of cells, each once."""
    return tuple({cell.runtime.id: cell.runtime for cell in cells if cell.runtime}.values())


def _with_failure(planned: Planned, failures: Mapping[str, str]) -> Planned:
    """Return a cell whose own wheel could not be built with the words of the backend."""
    runtime = planned.cell.runtime
    if planned.state is not State.BLOCKED or runtime is None or runtime.id not in failures:
        return planned
    return replace(planned, state=State.BUILD_FAILED, reason=failures[runtime.id], hint=None)


def _unoffered(planned: Planned) -> Planned:
    """Return a cell whose runtime no worker has with the words for that."""
    if planned.state is not State.MISSING:
        return planned
    hint = "`multirt matrix offer` prints what a worker is started with"
    return replace(planned, reason=f"no worker offers {planned.cell.asked}", hint=hint)


def _given_up(planned: Planned, state: State, reason: str) -> Result:
    """Return the result of a cell that is not tested any more."""
    return Result(planned=planned, state=state, reason=reason)
