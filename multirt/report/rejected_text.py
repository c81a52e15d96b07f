"""What was met and is no runtime, for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runtimes import Discovery, Environment, Overlay, Rejection


def print_unused(found: Discovery) -> None:
    """Print the environments, and what could not be used with the reason; neighbours together."""
    ids = {path: each.id for each in found.runtimes for path in (each.executable, *each.aliases)}
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="yellow")
    table.add_column(overflow="fold")
    for environment in found.environments:
        table.add_row("environment", text(environment.prefix))
        table.add_row("", environment_words(environment, ids))
    for (reason, detail, folder), names in _together(_others(found)).items():
        table.add_row(reason, text(detail))
        table.add_row("", f"{text(folder)}: {text(', '.join(names))}")
    if table.row_count:
        console = open_console()
        console.print()
        console.print(table)


def environment_words(environment: Environment, ids: dict[Path, str]) -> str:
    """Say what an environment stands on, and what compiles in it."""
    base = environment.base
    if base is None:
        return "an environment whose base is gone"
    name = ids.get(base) or ids.get(Path(os.path.realpath(base))) or str(base)
    return "; ".join((f"stands on {text(name)}", *map(overlay_words, environment.overlays)))


def overlay_words(overlay: Overlay) -> str:
    """Say when an overlay compiles."""
    when = "compiles from the start" if overlay.automatic else "compiles once it is imported"
    return f"{overlay.name} {text(overlay.version)} {when}"


def _others(found: Discovery) -> Iterator[Rejection]:
    """Yield what was rejected for another reason than being of an environment that is shown."""
    prefixes = {each.prefix for each in found.environments}
    for each in found.rejected:
        if each.reason.value != "environment" or prefixes.isdisjoint(_prefixes(each.path)):
            yield each


def _prefixes(path: Path) -> tuple[Path, Path]:
    folder = Path(os.path.realpath(path.parent))
    return folder, folder.parent


def _together(rejected: Iterable[Rejection]) -> dict[tuple[str, str, Path], list[str]]:
    groups: dict[tuple[str, str, Path], list[str]] = {}
    for each in rejected:
        key = (each.reason.value, each.detail, each.path.parent)
        groups.setdefault(key, []).append(each.path.name)
    return groups
