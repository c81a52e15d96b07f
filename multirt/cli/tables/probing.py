"""Verdicts on artefacts, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from multirt.cli.tables.text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Verdict
    from multirt.probing import Probed

_STYLES = {
    "compatible": "green",
    "unverified": "green",
    "unknown": "yellow",
    "incompatible": "red",
}
_OBJECTIONS_SHOWN = 3


def print_probed(found: Sequence[Probed]) -> None:
    """Print a table for each target, then the reasons."""
    console = open_console()
    for place, probed in enumerate(found):
        if place:
            console.print()
        if probed.artefact is None:
            console.print(f"[red]{text(probed.target)}[/]: {text(probed.trouble)}")
            continue
        artefact = probed.artefact
        named = f"{artefact.name} {artefact.version}" if artefact.name else probed.target
        count = len(artefact.extensions)
        console.print(
            f"[bold]{text(named)}[/] ({artefact.kind.value},"
            f" {count} extension module{'' if count == 1 else 's'})"
        )
        console.print(_verdicts(probed.verdicts))
        for violation in probed.violations:
            console.print(
                f"[red]promise broken[/] {text(violation.path)} needs {text(violation.reason)}"
            )
        warnings = [each for promise in probed.promises for each in promise.warnings]
        warnings += [each for verdict in probed.verdicts for each in verdict.warnings]
        for warning in dict.fromkeys(warnings):
            console.print(f"[yellow]warning[/] {text(warning)}")


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    """Return one row for each runtime: its verdict and the first reasons."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("runtime", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    for verdict in verdicts:
        status = verdict.status.value
        shown = verdict.objections[:_OBJECTIONS_SHOWN]
        reasons = [f"{each.cause.value}: {each.detail}" for each in shown]
        rest = len(verdict.objections) - len(shown)
        if rest:
            reasons.append(f"and {rest} more (--json has all)")
        style = _STYLES[status]
        table.add_row(text(verdict.target), f"[{style}]{status}[/]", text("\n".join(reasons)))
    return table
