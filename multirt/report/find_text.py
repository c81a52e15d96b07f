"""Why one runtime comes before another, for people."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.report.rich_text import open_console, text
from runtimes import CRITERIA, decided_by, standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtimes import Runtime

# Heads that leave room in 80 columns; the version is in the id, and paths are long.
_HEADS = ("CPython", "stable", "release", "GIL", "version", "native", "source", "path")
_SHORT = dict(zip(CRITERIA, _HEADS, strict=True))
_SOURCES = {"MULTIRT_SEARCH_PATH": "search path"}


def print_ranking(found: Sequence[Runtime]) -> None:
    """Print a row for each runtime with what it has, and what puts it behind the one above."""
    shown = [name for name in CRITERIA if name not in ("newest version", "path")]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for head in ("", "runtime", *(_SHORT[name] for name in shown), "behind by"):
        table.add_column(head, no_wrap=True, justify="right" if not head else "left")
    reasons = ["", *(_SHORT[decided_by(better, worse)] for better, worse in pairwise(found))]
    for place, (runtime, reason) in enumerate(zip(found, reasons, strict=True), 1):
        values = standing(runtime)
        cells = (_cell(values[name]) for name in shown)
        table.add_row(str(place), text(runtime.id), *cells, reason)
    console = open_console()
    console.print(table)
    console.print(f"\nThe first that differs decides: {', '.join(CRITERIA)}.")


def _cell(value: bool | str) -> str:  # noqa: FBT001 - a value to show, no switch
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text(_SOURCES.get(value, value))
