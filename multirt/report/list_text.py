"""Runtimes, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.report.rich_text import fitted, open_console, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtimes import Runtime

_NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy", "ironpython": "IronPython"}
_NAMES |= {"micropython": "MicroPython", "rustpython": "RustPython"}


def print_runtimes(found: Sequence[Runtime], *, default: Runtime) -> None:
    """Print one row for each runtime, grouped by implementation, the preferred ones first."""
    builds = {each.id: ", ".join(build(each)) for each in found}
    taken = 2 + max(len(each.id) for each in found) + 2 + max(map(len, builds.values())) + 2
    console = open_console()
    paths = fitted([each.executable for each in found], console.width - taken)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name in dict.fromkeys(each.implementation.name for each in found):
        table.add_row(f"[bold]{text(_NAMES.get(name, name.capitalize()))}[/]")
        for each, path in zip(found, paths, strict=True):
            if each.implementation.name == name:
                mark = "*" if each is default else " "
                table.add_row(f"{mark} {text(each.id)}", builds[each.id], text(path))
    table.columns[-1].overflow = "fold"
    console.print(table)
    if default in found:
        console.print("\n* is taken when nothing else is said")


def build(runtime: Runtime) -> Iterable[str]:
    """Yield what is not usual about a build."""
    if runtime.abi.debug:
        yield "debug"
    if runtime.abi.free_threaded:
        yield "free-threaded"
    if runtime.jit is not None:
        yield "jit" if runtime.jit.value == "on" else "jit off"
    if runtime.prerelease:
        yield "pre-release"
