"""Words on a terminal, whatever they are made of."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_WIDE = 10_000  # columns


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that never breaks what is not text.

    On a terminal what it prints fits. In a pipe or a file a row is a line, and nothing is cut or
    folded, unless COLUMNS says how wide it is to be.
    """
    from rich.console import Console  # 60 ms, not before there is something to show

    stream = cast("IO[str]", _Trimmed(sys.stderr if stderr else sys.stdout))
    wide = None if stream.isatty() or os.environ.get("COLUMNS") else _WIDE
    return Console(file=stream, stderr=stderr, highlight=False, soft_wrap=False, width=wide)


class _Trimmed:
    """A stream that gets no blanks at the ends of lines, with which rich fills columns."""

    def __init__(self, stream: IO[str]) -> None:
        """Wrap a stream; all but `write` is its own."""
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """Return what the stream has."""
        return getattr(self._stream, name)

    def write(self, content: str) -> int:
        """Write without the blanks."""
        return self._stream.write(re.sub(r" +(?=\n)", "", content))


def text(value: object) -> str:
    """Return text in one line that any terminal can show, without markup."""
    from rich.markup import escape  # 60 ms, not before there is something to show

    shown = str(value).encode("utf-8", "backslashreplace").decode()
    return escape("".join(each if each.isprintable() else "?" for each in shown))


def block(value: object) -> str:
    """Return text that may have several lines, each of which any terminal can show."""
    return "\n".join(map(text, str(value).splitlines()))


def fitted(paths: Sequence[Path], columns: int) -> list[str]:
    """Return paths as wide as there is space; those that would then look alike stay whole.

    Args:
        paths: absolute; what does not fit loses its first folders.
        columns: in columns.
    """
    whole = [str(path) for path in paths]
    fitted = [_shortened(path, columns) for path in whole]
    times = Counter(fitted)
    return [each if times[each] == 1 else path for each, path in zip(fitted, whole, strict=True)]


def _shortened(path: str, columns: int) -> str:
    """Return a path without so many of its first folders as there is no space for."""
    parts = Path(path).parts
    for first in range(2, len(parts)):
        if len(path) <= columns:
            break
        path = str(Path(parts[0], "…", *parts[first:]))
    return path
