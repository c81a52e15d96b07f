"""The plans of starts, for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.padding import Padding

from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multirt.launch.plan_listing import StoredPlan

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
