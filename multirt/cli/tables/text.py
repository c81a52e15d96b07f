"""Words on a terminal, whatever they are made of."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that never breaks what is not text."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def text(value: object) -> str:
    """Return text that any terminal can show, without markup."""
    shown = str(value).encode("utf-8", "backslashreplace").decode()
    return escape("".join(each if each.isprintable() or each == "\n" else "?" for each in shown))


def short(path: Path) -> str:
    """Write a path with `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
