"""Test one cell: make its environment, run its commands, say what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments import UnresolvableError
from multirt.matrix.plan import under_test
from multirt.matrix.results import Result
from multirt.matrix.run_cell import Ready
from multirt.matrix.states import State

if TYPE_CHECKING:
    from multirt.environments import Resolution
    from multirt.errors import MultirtError
    from multirt.matrix.install import Installer, Prepared
    from multirt.matrix.model import Planned, Wheel
    from multirt.matrix.run_cell import Ran, Runner
    from runtimes import Runtime

_BUILD_DEPS = "build-deps = true builds what has no wheel from its sources"


class Tester(Struct, frozen=True, kw_only=True):
    """Tests cells of one run.

    Attributes:
        runner: runs their commands.
        installer: makes their environments.
        wheels: under test.
    """

    runner: Runner
    installer: Installer
    wheels: tuple[Wheel, ...]

    def test(self, planned: Planned) -> Result:
        """Test one cell.

        Raises:
            UnresolvableError: its requirements have no solution.
            MultirtError: its environment cannot be made.
        """
        cell, runtime = planned.cell, planned.cell.runtime
        if runtime is None:
            return Result(planned=planned, state=State.MISSING, reason=planned.reason)
        start = time.monotonic()
        self.runner.view.step(cell.name, "resolving")
        wheel = under_test(planned, self.wheels)
        resolution = self.installer.resolve(cell, runtime, wheel)
        return self.install(planned, runtime, resolution, start)

    def install(
        self, planned: Planned, runtime: Runtime, resolution: Resolution, start: float
    ) -> Result:
        """Make the environment of a cell that was resolved, and test it.

        Args:
            planned: the cell.
            runtime: its runtime.
            resolution: what is installed.
            start: when its setting up began, `time.monotonic()`.

        Raises:
            MultirtError: its environment cannot be made.
        """
        self.runner.view.step(planned.cell.name, "installing")
        with self.installer.prepared(runtime, resolution) as prepared:
            ready = _ready(planned, runtime, prepared)
            result = Result(
                planned=planned,
                state=State.READY,
                installed=prepared.installed,
                reused=prepared.reused,
                setup=time.monotonic() - start,
                ready=ready,
            )
            return _with(result, self.runner.run(ready)) if self.runner.options.test else result


def _ready(planned: Planned, runtime: Runtime, prepared: Prepared) -> Ready:
    """Return all that running the commands of a cell takes."""
    cell, built = planned.cell, prepared.built
    return Ready(
        name=cell.name,
        commands=cell.commands,
        set_env=cell.set_env,
        pass_env=cell.pass_env,
        timeout=cell.timeout,
        grace=cell.grace,
        version=(runtime.version.major, runtime.version.minor),
        modules=planned.wheel.modules if planned.wheel is not None else (),
        home=built.home,
        python=built.python,
        scripts=built.scripts,
        local=prepared.local,
        warnings=planned.warnings,
    )


def _with(result: Result, ran: Ran) -> Result:
    """Return a result with what came of its commands."""
    planned = replace(result.planned, warnings=(*result.planned.warnings, *ran.warnings))
    return replace(
        result,
        planned=planned,
        state=ran.state,
        reason=ran.reason,
        command=ran.command,
        cases=ran.cases,
        seconds=ran.seconds,
        output=ran.output,
    )


def unmade(planned: Planned, error: MultirtError | OSError) -> Result:
    """Return the result of a cell whose environment cannot be made."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        reason = f"{where}{error.strerror or error}"
        return Result(planned=planned, state=State.CANNOT_START, reason=reason)
    state, hint, output = State.CANNOT_START, error.hint, ""
    if isinstance(error, UnresolvableError):
        state = State.BLOCKED if error.missing_wheels else State.UNRESOLVED
        hint = _BUILD_DEPS if error.missing_wheels else error.hint
        output = error.full
    return Result(planned=planned, state=state, reason=error.message, hint=hint, output=output)
