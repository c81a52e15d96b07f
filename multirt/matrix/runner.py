"""Run the planned cells of a matrix in parallel, here or on the workers of a cluster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.matrix.install import Tester
from multirt.matrix.model import MatrixReport
from multirt.matrix.plan import wheels_without_extensions
from multirt.matrix.report import wheel_report
from multirt.matrix.scheduler import run_plans, scheduler_of
from multirt.matrix.shadows import shadowed_packages
from multirt.matrix.source_digest import archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.cells import Cells
    from multirt.matrix.model import Cell, CellPlan, Wheel
    from multirt.matrix.planner import Planner
    from multirt.matrix.run_cell import Runner


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
    from multirt.matrix.coverage_data import with_coverage

    modules = [name for wheel in wheels for name in wheel.modules]
    return tuple(
        replace(cell, commands=tuple(with_coverage(each, modules) for each in cell.commands))
        for cell in cells
    )
