"""Runtimes, and what could not be used, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.text import open_console, short, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtimes import Rejection, Runtime


def print_runtimes(found: Sequence[Runtime]) -> None:
    """Print one row for each runtime, the preferred one first and marked."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", width=1)
    table.add_column("runtime", no_wrap=True)
    table.add_column("build", no_wrap=True)
    table.add_column("executable", overflow="fold")
    for place, runtime in enumerate(found):
        table.add_row(
            "*" if place == 0 else "",
            text(runtime.id),
            ", ".join(build(runtime)),
            text(short(runtime.executable)),
        )
    open_console().print(table)


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


def print_rejected(rejected: Sequence[Rejection]) -> None:
    """Print what could not be used, with the reason."""
    console = open_console()
    for each in rejected:
        console.print(f"[yellow]{each.reason.value}[/] {text(each.path)}: {text(each.detail)}")
