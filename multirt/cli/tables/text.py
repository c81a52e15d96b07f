"""Words on a terminal, whatever they are made of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def fitted(paths: Sequence[Path], room: int) -> list[str]:
    """Return paths as wide as there is room; those that would then look alike stay whole.

    Args:
        paths: absolute; what does not fit loses its first folders.
        room: in columns.
    """
    whole = [short(path) for path in paths]
    fitted = [_shortened(path, room) for path in whole]
    times = Counter(fitted)
    return [each if times[each] == 1 else path for each, path in zip(fitted, whole, strict=True)]


def _shortened(path: str, room: int) -> str:
    """Return a path without so many of its first folders as there is no room for."""
    parts = Path(path).parts
    for first in range(2, len(parts)):
        if len(path) <= room:
            break
        path = str(Path(parts[0], "…", *parts[first:]))
    return path
