"""Plan the cells of a matrix: build the wheel, and find out what is known of each cell before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import RuntimeTarget
from multirt.environments import UnresolvableError
from multirt.environments.abi_target import prospect_of, target_of
from multirt.errors import BuildError, ConfigError
from multirt.matrix.install import report_uncreated
from multirt.matrix.model import CellState, InstallMode
from multirt.matrix.plan import INSTALLED, plan, under_test
from multirt.matrix.wheel_cache import load_wheels
from multirt.matrix.wheels import WheelBuilder, Wheels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.matrix.install import Installer
    from multirt.matrix.model import Cell, CellPlan, Config, RunOptions, Wheel
    from multirt.matrix.remote import RemoteCluster
    from runtimes import Runtime

_WITH_WHEEL = INSTALLED | {InstallMode.DEPS_ONLY}


class Planner(Struct, frozen=True, kw_only=True):
    """All that planning takes.

    Attributes:
        config: of the matrix.
        options: how the run is done.
        wheel_builder: builds wheels.
        installer: resolves requirements.
        here: the runtimes of this machine, any of which may build, the best first.
        env: the user's environment.
        far: where cells are tested; None for this machine.
        took: seconds of the cells' commands the last time, by their names.
    """

    config: Config
    options: RunOptions
    wheel_builder: WheelBuilder
    installer: Installer
    here: Sequence[Runtime]
    env: Mapping[str, str]
    far: RemoteCluster | None
    took: Mapping[str, float]

    def plan(self, cells: Sequence[Cell]) -> tuple[tuple[Wheel, ...], tuple[CellPlan, ...]]:
        """Return the wheels under test and what is known of each cell before it is tested.

        Raises:
            MultirtError: the project does not build.
        """
        installed = [cell for cell in cells if cell.runtime and cell.package in _WITH_WHEEL]
        made = Wheels(wheels=load_wheels(self.options.wheels))
        if installed and not made.wheels:
            made = self._built(installed)
        wheels = made.wheels
        planned = plan(cells, wheels, self._prospects(installed, wheels), self.config)
        if self.far is not None:
            planned = tuple(map(_unoffered, planned))
        found = (_with_failure(each, made.failures) for each in planned)
        return wheels, tuple(replace(each, took=self.took.get(each.name)) for each in found)

    def _built(self, cells: Sequence[Cell]) -> Wheels:
        """Return the wheels for cells, built with runtimes of this machine."""
        buildable = self.far.builders(cells) if self.far is not None else cells
        runtimes = _runtimes(buildable)
        if not runtimes:
            hint = "build the wheel elsewhere, and name it: --wheel FILE"
            message = "no runtime is here to build with"
            raise BuildError(message, hint)
        builder = self._builder()
        used = (*runtimes, *([builder] if builder is not None else []))
        targets = {each.id: target_of(each, None) for each in used}
        return self.wheel_builder.wheels(self.config, buildable, targets, builder)

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
            raise ConfigError(f"build-runtime: no runtime here fits {wanted}", hint)
        return found

    def _prospects(
        self, cells: Sequence[Cell], wheels: Sequence[Wheel]
    ) -> dict[str, RuntimeTarget]:
        """Return what the runtimes of cells give, as far as the wheels may need it."""
        if self.far is not None:
            return {name: offer.prospect for name, offer in self.far.offers.items()}
        native = any(each.artifact.extensions or each.artifact.libraries for each in wheels)
        return {
            each.id: prospect_of(each, self.env)
            if native
            else RuntimeTarget(target=target_of(each, None), given=None)
            for each in _runtimes(cells)
        }

    def foresee(self, cells: Sequence[Cell]) -> tuple[tuple[Wheel, ...], tuple[CellPlan, ...]]:
        """Return the plan, with what the requirements of each cell add to it.

        Raises:
            MultirtError: the project does not build.
        """
        from concurrent.futures import ThreadPoolExecutor

        wheels, planned = self.plan(cells)
        by_name = {cell.name: cell for cell in cells}

        def resolved(planned: CellPlan) -> CellPlan:
            cell = by_name[planned.name]
            if planned.report.state is not CellState.READY or cell.runtime is None:
                return planned
            try:
                wheel = under_test(cell, planned, wheels)
                self.installer.resolve(cell, cell.runtime, wheel)
            except UnresolvableError as error:
                return replace(planned, report=report_uncreated(planned, error))
            return planned

        with ThreadPoolExecutor(max_workers=self.options.jobs) as pool:
            return wheels, tuple(pool.map(resolved, planned))


def _runtimes(cells: Sequence[Cell]) -> tuple[Runtime, ...]:
    """Return the runtimes of cells, each once."""
    return tuple({cell.runtime.id: cell.runtime for cell in cells if cell.runtime}.values())


def _with_failure(planned: CellPlan, failures: Mapping[str, str]) -> CellPlan:
    """Return a cell whose own wheel could not be built with the words of the backend."""
    report = planned.report
    failure = failures.get(report.runtime.id) if report.runtime is not None else None
    if report.state is not CellState.BLOCKED or failure is None:
        return planned
    failed = replace(
        report, state=CellState.BUILD_FAILED, reason=failure, hint=None, objection=None
    )
    return replace(planned, report=failed)


def _unoffered(planned: CellPlan) -> CellPlan:
    """Return a cell whose runtime no worker has with the words for that."""
    report = planned.report
    if report.state is not CellState.MISSING:
        return planned
    hint = "`multirt matrix offer` prints what a worker is started with"
    reason = f"no worker offers {report.asked}"
    return replace(planned, report=replace(report, reason=reason, hint=hint))
