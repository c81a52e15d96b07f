"""What a matrix would do: its cells, the wheel of each, and what stands against it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from multirt.matrix.model import State
from multirt.report.matrix_styles import ink, seconds
from multirt.report.terminal import Colour, Ink, aligned, painter, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from multirt.matrix.model import Cell, CellPlan, CellReport, Excluded, Wheel
    from multirt.report.terminal import Painter

_Row = tuple[tuple[str, Ink], ...]


def print_cells(cells: Sequence[Cell], excluded: Sequence[Excluded], notes: Sequence[str]) -> None:
    """Print the names of the cells with their runtimes."""
    table = [_heads("name", "runtime", "asked for as", "package")]
    for cell in cells:
        runtime = (visible(cell.runtime.id), Ink.PLAIN) if cell.runtime else ("not here", Ink.BAD)
        words = (visible(cell.name), visible(cell.asked), cell.package.value)
        name, asked, package = ((each, Ink.PLAIN) for each in words)
        table.append((name, runtime, asked, package))
    _print(aligned(table, _paint()))
    _print(f"left out  {visible(each.name)}: {visible(each.reason)}" for each in excluded)
    _print(f"note  {visible(note)}" for note in notes)


def print_plan(wheels: Sequence[Wheel], plans: Sequence[CellPlan]) -> None:
    """Print which wheel each cell tests, or why it cannot."""
    paint = _paint()
    for place, wheel in enumerate(wheels, 1):
        how = "built elsewhere" if wheel.built_on is None else f"built on {wheel.built_on}"
        if wheel.seconds is not None:
            how += f" in {seconds(wheel.seconds)}"
        number = f" {place}" if len(wheels) > 1 else ""
        name = paint(visible(wheel.path.name), Ink.BOLD)
        _print([f"wheel{number}  {name}  sha256 {wheel.sha256[:12]}  {how}"])
    names = {wheel.sha256: wheel.path.name for wheel in wheels}
    rows = (row for each in plans for row in _rows(each.report, names))
    _print(aligned([_heads("name", "binary", "plan"), *rows], paint))


def _rows(cell: CellReport, wheels: Mapping[str, str]) -> Iterator[_Row]:
    """Yield the row of a cell, and below it one for each thing that is to be said of it."""
    state = cell.state
    look = ink(state, may_fail=cell.may_fail, required=cell.required)
    binary = "-" if cell.wheel is None else "same" if cell.same else wheels[cell.wheel]
    word = "test" if state is State.READY else state.value
    yield (visible(cell.name), Ink.PLAIN), (visible(binary), Ink.PLAIN), (word, look)
    for said in (cell.reason, cell.hint, *cell.warnings):
        for line in (said or "").splitlines():
            yield ("", Ink.PLAIN), ("", Ink.PLAIN), (visible(line), Ink.PLAIN)


def _heads(*names: str) -> _Row:
    return tuple((name, Ink.BOLD) for name in names)


def _paint() -> Painter:
    return painter(sys.stdout, os.environ, Colour.AUTO)


def _print(lines: Iterator[str] | Sequence[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - the command's own output
