"""Put a cell's requirements and the wheel under test into an environment.

What a runtime's users would get is resolved for each one, from the metadata of the wheel; so when
only its contents changed, nothing is resolved again and only the wheel is installed.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import Cause, Objection
from multirt.environments import InstallRequest, UnresolvableError, locked_environment, resolve
from multirt.errors import ConfigError, MultirtError
from multirt.matrix.model import CellEnvironment, CellState, InstallMode
from multirt.matrix.plan import under_test
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from multirt.environments import EnvironmentStore, Resolution
    from multirt.matrix.model import Cell, CellPlan, CellReport, Wheel
    from multirt.matrix.run_cell import Runner
    from runtimes import Runtime


_BUILD_DEPS = "build-deps = true builds what has no wheel from its sources"


class Installer(Struct, frozen=True, kw_only=True):
    """Makes the environments of one project.

    Attributes:
        root: the project.
        name: of the project; None where it is not known before it is built.
        store: where environments live.
        build_deps: requirements without a wheel are built from their sources.
        fresh: what is there does not count.
    """

    root: Path
    name: str | None
    store: EnvironmentStore
    build_deps: bool = False
    fresh: bool = False

    def resolve(self, cell: Cell, runtime: Runtime, wheel: Wheel | None) -> Resolution:
        """Return what a cell's environment holds.

        Raises:
            UnresolvableError: nothing fulfils it on this runtime.
            MultirtError: something of it cannot be read, or the index does not answer.
        """
        needs = cell.needs
        requirements = list(needs.requirements)
        if needs.extras:
            requirements.append(f"{self._name(wheel)}[{','.join(needs.extras)}]")
        wanted = InstallRequest(
            requirements=tuple(dict.fromkeys(requirements)),
            constraints=tuple(_constraints(needs.constraints)),
            wheels=(wheel.path,) if wheel is not None else (),
            editable=(self.root,) if cell.package is InstallMode.EDITABLE else (),
            lock=needs.lock,
            build=self.build_deps,
        )
        resolution = resolve(runtime, wanted, self.store)
        is_bare = cell.package is InstallMode.DEPS_ONLY
        return replace(resolution, wheels=()) if is_bare else resolution

    def _name(self, wheel: Wheel | None) -> str:
        """Return the name of the project, whose extras are wanted.

        Raises:
            MultirtError: an editable project does not say it.
        """
        name = wheel.artifact.name if wheel is not None else self.name
        if name is None:
            hint = "write its name into [project] of pyproject.toml"
            raise ConfigError("extras of an editable project want its name", hint)
        return name

    @contextmanager
    def prepared(
        self, plan: CellPlan, runtime: Runtime, resolution: Resolution
    ) -> Iterator[CellPlan]:
        """Give a plan with the environment that a resolution names, which is held meanwhile.

        Raises:
            MultirtError: it cannot be made.
        """
        start = time.monotonic()
        owner = str(self.root)
        installed = {pin.name: pin.version or "" for pin in resolution.pins}
        installed |= {each.name: each.version for each in resolution.wheels}
        with locked_environment(runtime, resolution, self.store, owner, fresh=self.fresh) as lease:
            report = replace(
                plan.report,
                installed=dict(sorted(installed.items())),
                reused=lease.reused,
                setup=round(plan.report.setup + time.monotonic() - start, 3),
            )
            environment = CellEnvironment(
                home=str(lease.built.home),
                python=str(lease.built.python),
                scripts=str(lease.built.scripts),
                local=lease.local,
            )
            yield replace(plan, report=report, environment=environment)


def report_uncreated(plan: CellPlan, error: MultirtError | OSError) -> CellReport:
    """Return the report of a cell whose environment cannot be made."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        reason = f"{where}{error.strerror or error}"
        return replace(plan.report, state=CellState.CANNOT_START, reason=reason)
    if not isinstance(error, UnresolvableError):
        state = CellState.CANNOT_START
        return replace(plan.report, state=state, reason=error.message, hint=error.hint)
    missing = tuple(f"{each.name} {each.version or ''}".rstrip() for each in error.missing_wheels)
    facts = tuple(("distribution", each) for each in missing) or (("full", error.full),)
    need = f"no wheel of {', '.join(missing)} fits it" if missing else error.message
    return replace(
        plan.report,
        state=CellState.BLOCKED if missing else CellState.UNRESOLVED,
        reason=error.message,
        hint=_BUILD_DEPS if missing else error.hint,
        output=error.full,
        objection=Objection(cause=Cause.PACKAGE, facts=facts, need=need),
    )


def _constraints(files: tuple[Path, ...]) -> Iterator[str]:
    """Yield the requirements of constraint files.

    Raises:
        MultirtError: one cannot be read.
    """
    for path in files:
        try:
            lines = read_text(path).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read {path}: {error}") from error
        for line in lines:
            text = line.partition(" #")[0].strip()
            if text and not text.startswith(("#", "-")):
                yield text


@dataclass(kw_only=True, slots=True)
class Tester:
    """Makes the environments of cells, and runs their commands.

    Attributes:
        runner: runs the commands.
        installer: makes the environments.
        cells: by their names.
        wheels: under test.
        prepared: the plans whose environments were made, by the names of the cells.
    """

    runner: Runner
    installer: Installer
    cells: Mapping[str, Cell]
    wheels: tuple[Wheel, ...]
    prepared: dict[str, CellPlan] = field(default_factory=dict)

    def test(self, plan: CellPlan) -> CellReport:
        """Test one cell.

        Raises:
            UnresolvableError: its requirements have no solution.
            MultirtError: its environment cannot be made.
        """
        cell, start = self.cells[plan.name], time.monotonic()
        if cell.runtime is None:
            return plan.report
        self.runner.view.step(plan.name, "resolving")
        wheel = under_test(cell, plan, self.wheels)
        resolution = self.installer.resolve(cell, cell.runtime, wheel)
        plan = replace(plan, report=replace(plan.report, setup=time.monotonic() - start))
        self.runner.view.step(plan.name, "installing")
        with self.installer.prepared(plan, cell.runtime, resolution) as ready:
            self.prepared[plan.name] = ready
            return self.runner.run(ready) if self.runner.options.test else ready.report
