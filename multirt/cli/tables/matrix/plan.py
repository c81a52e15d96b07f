"""What a matrix would do: its cells, the wheel of each, and what stands against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.matrix.words import seconds, style
from multirt.cli.tables.text import block, open_console, text
from multirt.matrix.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.model import Cell, Excluded, Planned, Wheel


def print_cells(cells: Sequence[Cell], excluded: Sequence[Excluded], notes: Sequence[str]) -> None:
    """Print the names of the cells with their runtimes."""
    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "runtime", "asked for as", "package"):
        table.add_column(name, no_wrap=True)
    for cell in cells:
        runtime = text(cell.runtime.id) if cell.runtime else "[red]not here[/]"
        table.add_row(text(cell.name), runtime, text(cell.asked), cell.package.value)
    console.print(table)
    for each in excluded:
        console.print(f"left out  {text(each.name)}: {text(each.reason)}", soft_wrap=True)
    for note in notes:
        console.print(f"note  {text(note)}", soft_wrap=True)


def print_plan(wheels: Sequence[Wheel], planned: Sequence[Planned]) -> None:
    """Print which wheel each cell tests, or why it cannot."""
    console = open_console()
    for place, wheel in enumerate(wheels, 1):
        how = "built elsewhere" if wheel.built_on is None else f"built on {wheel.built_on}"
        if wheel.seconds is not None:
            how += f" in {seconds(wheel.seconds)}"
        number = f" {place}" if len(wheels) > 1 else ""
        said = f"wheel{number}  [bold]{text(wheel.path.name)}[/]  sha256 {wheel.sha256[:12]}  {how}"
        console.print(said, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("binary", no_wrap=True)
    table.add_column("plan", overflow="fold")
    for each in planned:
        look = style(each.state, may_fail=each.cell.may_fail, required=each.cell.required)
        binary = "-" if each.wheel is None else "same" if each.same else each.wheel.path.name
        words = [f"[{look}]{'test' if each.state is State.READY else each.state.value}[/]"]
        words += [block(part) for part in (each.reason, each.hint, *each.warnings) if part]
        table.add_row(text(each.cell.name), text(binary), "\n".join(words))
    console.print(table)
