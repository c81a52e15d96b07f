"""Render environments and lock files, as JSON and as text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from multirt.environments import maker_of
from multirt.report.json_parts import SCHEMA, Document
from multirt.report.terminal import open_console, text
from multirt.report.units import write_age, write_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.environments import Locked, Maker, StoredEnvironment


def environments_document(found: Iterable[StoredEnvironment]) -> Document:
    """Return what `env list --json` prints."""
    return {**SCHEMA, "environments": [environment_document(each) for each in found]}


def environment_document(each: StoredEnvironment) -> Document:
    """Return one environment; what is not known of a damaged one is null or empty."""
    record = each.record
    maker = maker_of(each.home)
    runtime = {"id": record.runtime, "executable": record.executable} if record else None
    return {
        "name": each.home.name,
        "home": str(each.home),
        "kind": record.kind.value if record else None,
        "state": each.state.value,
        "runtime": runtime,
        "packages": list(record.packages) if record else [],
        "wanted": list(record.wanted) if record else [],
        "programs": list(record.programs) if record else [],
        "bytes": each.size,
        "own_bytes": each.own,
        "made": _time(record.made) if record else None,
        "used": _time(each.used),
        "maker": {"name": maker.name, "version": maker.version, "reason": maker.reason},
    }


def removed_document(
    gone: Sequence[StoredEnvironment], used: Iterable[Path], *, dry_run: bool
) -> Document:
    """Return what `env prune --json` and `env remove --json` print."""
    return {
        **SCHEMA,
        "removed": [each.home.name for each in gone],
        "in_use": [home.name for home in used],
        "freed_bytes": sum(each.own for each in gone),
        "dry_run": dry_run,
    }


def lock_document(file: Path, locked: Locked) -> Document:
    """Return what `lock --json` prints."""
    return {
        **SCHEMA,
        "lock": str(file),
        "runtimes": [
            {
                "runtime": name,
                "packages": [
                    {"name": pin.name, "version": pin.version, "files": list(pin.files)}
                    for pin in pins
                ],
            }
            for name, pins in locked.served
        ],
        "left_out": [{"runtime": name, "reason": why} for name, why in locked.left_out],
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def print_environments(found: Sequence[StoredEnvironment], now: float) -> None:
    """Print one row for each environment, and what all of them take."""
    console = open_console()
    if not found:
        console.print("no environments")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    # A name is to be copied: it stays whole, and what the environment is for gives way.
    longest = max(len(each.home.name) for each in found)
    table.add_column("environment", no_wrap=True, min_width=longest)
    rest = max(8, console.width - longest - 26)  # next to `own size`, `12 hours ago` and the gaps
    table.add_column("for", overflow="ellipsis", no_wrap=True, max_width=rest)
    table.add_column("own size", justify="right", no_wrap=True)
    table.add_column("used", no_wrap=True)
    for each in found:
        parts = write_age(now - each.used)
        if each.state.value != "whole":
            parts += f" [yellow]{each.state.value}[/]"
        table.add_row(text(each.home.name), text(_purpose(each)), write_size(each.own), parts)
    console.print(table)
    size, own = sum(each.size for each in found), sum(each.own for each in found)
    count = "1 environment" if len(found) == 1 else f"{len(found)} environments"
    shares = f"{write_size(size)}, of which {write_size(own)} are shared with nothing else"
    console.print(f"{count}: {shares}")


def print_environment(each: StoredEnvironment, now: float) -> None:
    """Print all that is known of one environment."""
    console = open_console()
    record = each.record
    rows = [("environment", each.home.name), ("folder", str(each.home))]
    if record is not None:
        rows += [
            ("runtime", f"{record.runtime} ({record.executable})"),
            ("wanted", ", ".join(record.wanted) or "nothing"),
            ("packages", ", ".join(record.packages) or "none of its own"),
            ("programs", ", ".join(record.programs)),
            ("made", write_age(now - record.made)),
        ]
    rows += [
        ("used", write_age(now - each.used)),
        ("size", f"{write_size(each.size)}, of which {write_size(each.own)} of its own"),
        ("state", each.state.value),
        ("maker", maker_text(maker_of(each.home))),
    ]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, parts in rows:
        if parts:
            table.add_row(name, text(parts))
    console.print(table)


def maker_text(maker: Maker) -> str:
    """Return what made an environment, and why virtualenv did not."""
    if maker.name == "virtualenv":
        return f"{maker.name} {maker.version or ''}".rstrip()
    return f"{maker.name}; not virtualenv: {maker.reason}" if maker.reason else maker.name


def print_maker(maker: Maker) -> None:
    """Print what makes the environment of a program."""
    open_console().print(f"environment: made by {text(maker_text(maker))}", soft_wrap=True)


def print_removed(
    gone: Sequence[StoredEnvironment], used: Iterable[Path], *, dry_run: bool
) -> None:
    """Print what went, how much that frees, and what stays."""
    console = open_console()
    for each in gone:
        why = "" if each.state.value == "whole" else f" ({each.state.value})"
        console.print(f"{text(each.home.name)}{why}", soft_wrap=True)
    for home in used:
        console.print(f"{text(home.name)} stays: it is in use", soft_wrap=True)
    verb = "would go" if dry_run else "removed"
    console.print(f"{len(gone)} {verb}, {write_size(sum(each.own for each in gone))}")


def print_locked(file: Path, locked: Locked) -> None:
    """Print where a lock is, whom it serves, and whom not."""
    console = open_console()
    pinned = {(pin.name, pin.version) for _, pins in locked.served for pin in pins}
    console.print(f"{text(file)}: {len(pinned)} pinned", soft_wrap=True)
    console.print(f"serves {', '.join(text(name) for name, _ in locked.served)}", soft_wrap=True)
    for name, why in locked.left_out:
        console.print(f"[yellow]left out[/] {text(name)}: {text(why)}", soft_wrap=True)


def _purpose(each: StoredEnvironment) -> str:
    """Say in a few words what an environment is for."""
    record = each.record
    if record is None:
        return "?"
    if record.programs:
        return Path(record.programs[0]).name
    return ", ".join(record.wanted) or ", ".join(record.packages)
