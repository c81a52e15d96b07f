"""The state of what is remembered, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.rich_text import open_console, text
from multirt.report.units import write_size

if TYPE_CHECKING:
    from runtimes import CacheInfo


def print_cache(info: CacheInfo) -> None:
    """Print where the answers of runtimes are, and how many."""
    console = open_console()
    console.print(text(info.folder), soft_wrap=True)
    console.print(cache_words(info))


def cache_words(info: CacheInfo) -> str:
    """Say in one line what is remembered."""
    words = [f"{info.answers} answers of runtimes", write_size(info.size)]
    if info.unreadable:
        words.append(f"{info.unreadable} files that do not count: damaged, or not only yours")
    if not info.writable:
        words.append("nothing can be added")
    return ", ".join(words)
