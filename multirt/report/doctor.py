"""Render what `doctor` found, as JSON and as text."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING

from rich.padding import Padding

from multirt.report.cache import cache_document, cache_words
from multirt.report.json_parts import SCHEMA, Document
from multirt.report.rich_text import open_console, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.launch.native import Launcher
    from multirt.selection.doctor import Finding
    from runtimes import CacheInfo, Discovery


_SHOWN = 2  # findings with one hint: all of it fits a screen


def doctor_document(
    found: Discovery, info: CacheInfo, findings: Iterable[Finding], launcher: Launcher
) -> Document:
    """Return what `doctor --json` prints."""
    return {
        **SCHEMA,
        "runtimes": len(found.runtimes),
        "findings": [
            {
                "topic": each.topic.value,
                "subject": each.subject,
                "message": each.message,
                "hint": each.hint,
            }
            for each in findings
        ],
        "inquiries": [
            {"path": str(each.path), "seconds": each.seconds, "remembered": each.remembered}
            for each in found.inquiries
        ],
        "cache": cache_document(info),
        "launcher": {
            "path": str(launcher.path) if launcher.path else None,
            "native": launcher.native,
        },
    }


def print_diagnosis(
    found: Discovery,
    info: CacheInfo,
    findings: Sequence[Finding],
    launcher: Launcher,
    *,
    everything: bool = False,
) -> None:
    """Print the findings by topic, and a hint once for those that share it."""
    console = open_console()
    console.print(f"{len(found.runtimes)} runtimes; {cache_words(info)}")
    console.print(launcher.words)
    wanted = [each for each in findings if everything or not each.harmless]
    for topic, group_of_topic in groupby(wanted, lambda each: each.topic):
        of_topic = list(group_of_topic)
        console.print(f"\n[bold]{topic.value}[/] ({len(of_topic)})")
        for hint, group in groupby(of_topic, lambda each: each.hint):
            for each in islice(group, None if everything else _SHOWN):
                console.print(Padding(f"[yellow]{text(each.subject)}[/]", (0, 0, 0, 2)))
                console.print(Padding(text(each.message), (0, 0, 0, 4)))
            console.print(Padding(f"[dim]({text(hint)})[/]", (0, 0, 0, 2)))
    if not everything:
        hidden = len(findings) - len(wanted)
        words = f"the first {_SHOWN} with each hint; --all shows all, and {hidden} more"
        console.print(f"\n{words} that need nothing done")
