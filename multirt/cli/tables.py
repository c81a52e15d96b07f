"""What the command prints for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from abi_probe import Verdict as PackageVerdict
    from multirt.dispatch import Decision
    from multirt.probing import Probed
    from runtimes import Rejection, Runtime

_STYLES = {
    "compatible": "green",
    "unverified": "green",
    "unknown": "yellow",
    "incompatible": "red",
}
_OBJECTIONS_SHOWN = 3


def _console(*, stderr: bool = False) -> Console:
    """Return a console that never breaks what is not text."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def _text(value: object) -> str:
    """Return text that any terminal can show, without markup."""
    shown = str(value).encode("utf-8", "backslashreplace").decode()
    return escape("".join(each if each.isprintable() or each == "\n" else "?" for each in shown))


def _short(path: Path) -> str:
    """Write a path with `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


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
            _text(runtime.id),
            ", ".join(_build(runtime)),
            _text(_short(runtime.executable)),
        )
    _console().print(table)


def _build(runtime: Runtime) -> Iterable[str]:
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
    console = _console()
    for each in rejected:
        console.print(f"[yellow]{each.reason.value}[/] {_text(each.path)}: {_text(each.detail)}")


def print_probed(found: Sequence[Probed]) -> None:
    """Print a table for each target, then the reasons."""
    console = _console()
    for place, probed in enumerate(found):
        if place:
            console.print()
        if probed.artefact is None:
            console.print(f"[red]{_text(probed.target)}[/]: {_text(probed.trouble)}")
            continue
        artefact = probed.artefact
        named = f"{artefact.name} {artefact.version}" if artefact.name else probed.target
        count = len(artefact.extensions)
        console.print(
            f"[bold]{_text(named)}[/] ({artefact.kind.value},"
            f" {count} extension module{'' if count == 1 else 's'})"
        )
        console.print(_verdicts(probed.verdicts))
        for violation in probed.violations:
            console.print(
                f"[red]promise broken[/] {_text(violation.path)} needs {_text(violation.reason)}"
            )
        warnings = [each for promise in probed.promises for each in promise.warnings]
        warnings += [each for verdict in probed.verdicts for each in verdict.warnings]
        for warning in dict.fromkeys(warnings):
            console.print(f"[yellow]warning[/] {_text(warning)}")


def _verdicts(verdicts: Sequence[PackageVerdict]) -> Table:
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
        table.add_row(_text(verdict.target), f"[{style}]{status}[/]", _text("\n".join(reasons)))
    return table


def print_decision(decision: Decision) -> None:
    """Print the choice, the order that decided, and what stands against each runtime."""
    console = _console()
    script = decision.program.script.name
    if decision.chosen is not None:
        runtime = decision.chosen.runtime
        where = _text(_short(runtime.executable))
        console.print(f"{_text(script)} runs on [bold green]{_text(runtime.id)}[/] ({where})")
    else:
        console.print(f"[red]nothing here can run {_text(script)}[/]")
    for root in decision.roots:
        console.print(f"packages: {_text(_short(root))}")
    from runtimes import CRITERIA

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
        table.add_row(mark, _text(verdict.runtime.id), _text("\n".join(reasons)))
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
        _console(stderr=True).print(
            f"multirt: using {_text(runtime.id)} ({what}): nothing else fits", soft_wrap=True
        )


def _build_unasked(runtime: Runtime) -> Iterable[str]:
    """Yield what nobody expects to be started on."""
    if runtime.implementation.name != "cpython":
        yield runtime.implementation.name
    if runtime.abi.debug:
        yield "a debug build"
    if runtime.prerelease:
        yield "a pre-release"
