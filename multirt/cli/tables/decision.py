"""The choice of a runtime, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.text import open_console, short, text
from runtimes import CRITERIA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.dispatch import Decision
    from runtimes import Runtime

_OBJECTIONS_SHOWN = 3


def print_decision(decision: Decision) -> None:
    """Print the choice, the order that decided, and what stands against each runtime."""
    console = open_console()
    script = decision.program.script.name
    if decision.chosen is not None:
        runtime = decision.chosen.runtime
        where = text(short(runtime.executable))
        console.print(f"{text(script)} runs on [bold green]{text(runtime.id)}[/] ({where})")
    else:
        console.print(f"[red]nothing here can run {text(script)}[/]")
    for root in decision.roots:
        console.print(f"packages: {text(short(root))}")
    order = ("asked for", "the environment's own", "fewest unverified", *CRITERIA)
    console.print(f"order: {' > '.join(order)}", style="dim")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", width=1)
    table.add_column("runtime", no_wrap=True)
    table.add_column("objections", overflow="fold")
    for verdict in decision.verdicts:
        shown = verdict.objections[:_OBJECTIONS_SHOWN]
        reasons = [f"{each.cause.value}: {each.detail}" for each in shown]
        rest = len(verdict.objections) - len(shown)
        if rest:
            reasons.append(f"and {rest} more (--json has all)")
        mark = "[green]+[/]" if verdict.accepted else "[red]-[/]"
        table.add_row(mark, text(verdict.runtime.id), text("\n".join(reasons)))
    console.print(table)


def say_unasked(decision: Decision) -> None:
    """Say in one line that something unusual was chosen, because nothing else fits."""
    if decision.chosen is None:
        return
    runtime = decision.chosen.runtime
    if decision.environment and decision.environment.base == runtime.executable:
        return
    unusual = [*_build_unasked(runtime)]
    if unusual:
        what = " and ".join(unusual)
        open_console(stderr=True).print(
            f"multirt: using {text(runtime.id)} ({what}): nothing else fits", soft_wrap=True
        )


def _build_unasked(runtime: Runtime) -> Iterable[str]:
    """Yield what nobody expects to be started on."""
    if runtime.implementation.name != "cpython":
        yield runtime.implementation.name
    if runtime.abi.debug:
        yield "a debug build"
    if runtime.prerelease:
        yield "a pre-release"
