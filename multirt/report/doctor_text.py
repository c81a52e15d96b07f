"""What is worth knowing about the runtimes of a machine, for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding

from multirt.report.cache_text import cache_words
from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.launch.native import Launcher
    from multirt.selection.doctor import Finding
    from runtimes import CacheInfo, Discovery


def print_diagnosis(
    found: Discovery, info: CacheInfo, findings: Sequence[Finding], launcher: Launcher
) -> None:
    """Print the findings by topic, and a hint once for those that share it."""
    console = open_console()
    console.print(f"{len(found.runtimes)} runtimes; {cache_words(info)}")
    console.print(launcher.words)
    for topic, of_topic in groupby(findings, lambda each: each.topic):
        console.print(f"\n[bold]{topic.value}[/]")
        for hint, group in groupby(of_topic, lambda each: each.hint):
            for each in group:
                console.print(Padding(f"[yellow]{text(each.subject)}[/]", (0, 0, 0, 2)))
                console.print(Padding(text(each.message), (0, 0, 0, 4)))
            console.print(Padding(f"[dim]({text(hint)})[/]", (0, 0, 0, 2)))
