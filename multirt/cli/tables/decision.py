"""The choice of a runtime, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.text import open_console, short, text
from multirt.judge import order

if TYPE_CHECKING:
    from multirt.dispatch import Decision

_OBJECTIONS_SHOWN = 3


def print_decision(decision: Decision, *, verbose: bool = False) -> None:
    """Print the choice, the order that decided, and what stands against each runtime."""
    console = open_console()
    script = decision.program.title
    if decision.chosen is not None:
        runtime = decision.chosen.runtime
        where = text(short(runtime.executable))
        console.print(f"{text(script)} runs on [bold green]{text(runtime.id)}[/] ({where})")
    else:
        console.print(f"[red]nothing here can run {text(script)}[/]")
    for root in decision.roots:
        console.print(f"packages: {text(short(root))}")
    criteria = order(decision.configuration)
    console.print(f"order: {' > '.join(criteria)}", style="dim")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", width=1)
    table.add_column("runtime", no_wrap=True)
    table.add_column("objections", overflow="fold")
    for verdict in decision.verdicts:
        shown = verdict.objections[: None if verbose else _OBJECTIONS_SHOWN]
        reasons = [f"{each.cause.value}: {each.detail}" for each in shown]
        rest = len(verdict.objections) - len(shown)
        if rest:
            reasons.append(f"and {rest} more (--json has all)")
        mark = "[green]+[/]" if verdict.accepted else "[red]-[/]"
        table.add_row(mark, text(verdict.runtime.id), text("\n".join(reasons)))
    console.print(table)
