"""Render the state of the caches and the plans, as JSON and as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.padding import Padding

from multirt.report.terminal import open_console, text
from multirt.report.units import write_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.launch.plan_listing import StoredPlan
    from multirt.report.json_parts import Document
    from runtimes import CacheInfo


def cache_document(info: CacheInfo) -> Document:
    """Return the state of the cached answers."""
    return {
        "folder": str(info.folder),
        "answers": info.answers,
        "unreadable": info.unreadable,
        "bytes": info.size,
        "writable": info.writable,
    }


def print_cache(info: CacheInfo) -> None:
    """Print where the answers of runtimes are, and how many."""
    console = open_console()
    console.print(text(info.folder), soft_wrap=True)
    console.print(cache_text(info))


def cache_text(info: CacheInfo) -> str:
    """Say in one line what is cached."""
    parts = [f"{info.answers} answers of runtimes", write_size(info.size)]
    if info.unreadable:
        parts.append(f"{info.unreadable} files that do not count: damaged, or not only yours")
    if not info.writable:
        parts.append("nothing can be added")
    return ", ".join(parts)


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def print_plans(plans: Iterable[StoredPlan]) -> None:
    """Print each plan: the question, what it starts, its age and its last use."""
    console = open_console()
    for plan in plans:
        console.print(text(" ".join(plan.question) or plan.path.name), soft_wrap=True)
        written, used = (_ago(moment) for moment in (plan.written, plan.used))
        starts = text(plan.executable or f"no longer counts: {plan.refused}")
        console.print(Padding(f"[dim]{starts}[/]", (0, 0, 0, 2)), soft_wrap=True)
        console.print(f"  [dim]written {written} ago, used {used} ago[/]")


def _ago(moment: float) -> str:
    seconds = max(0.0, time.time() - moment)
    size, unit = next((row for row in _UNITS if seconds >= row[0]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"
