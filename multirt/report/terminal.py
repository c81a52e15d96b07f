"""Words on a terminal without a library, for commands that end before one would be imported.

rich takes 60 ms to be imported and 0.3 ms for a row. What `probe` prints may be 500 rows of 28
cells; what `matrix` adds to the tests that it starts is to be less than that.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections import Counter
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import TextIO

    from rich.console import Console


class Color(StrEnum):
    """When to use colors."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Style(StrEnum):
    """How words look: the codes of ECMA-48, 8.3.117."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    GOOD = "32"
    BAD = "31"
    DOUBT = "33"
    NAME = "36"
    GOOD_END = "1;32"
    BAD_END = "1;31"


class Colorizer(Struct, frozen=True, kw_only=True):
    """Gives words their color, or leaves them as they are.

    Attributes:
        colored: whether it does.
    """

    colored: bool

    def __call__(self, text: str, ink: Style) -> str:
        """Return the words in that ink."""
        return f"\x1b[{ink.value}m{text}\x1b[0m" if self.colored and ink.value else text


def painter(stream: TextIO, env: Mapping[str, str], color: Color) -> Colorizer:
    """Return the painter that a user asks for.

    Args:
        stream: what is written to.
        env: NO_COLOR and FORCE_COLOR are read (no-color.org, force-color.org), and TERM.
        color: what an option says, which comes before the variables.
    """
    if color is not Color.AUTO:
        return Colorizer(colored=color is Color.ALWAYS)
    if env.get("NO_COLOR"):
        return Colorizer(colored=False)
    if env.get("FORCE_COLOR"):
        return Colorizer(colored=True)
    return Colorizer(colored=stream.isatty() and env.get("TERM") != "dumb")


def escaped(value: object) -> str:
    """Return text in one line that no terminal obeys: what is not printable shows as its code."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _code(each) for each in text)


def _code(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def width(text: str) -> int:
    """Return how many columns some words take (UAX 11)."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(unicodedata.combining(each) > 0 for each in text)


def aligned(
    rows: Sequence[Sequence[tuple[str, Style]]], paint: Colorizer, right: Collection[int] = ()
) -> Iterator[str]:
    """Yield rows as lines in which columns stand two blanks apart.

    Args:
        rows: of equal length.
        paint: gives words their color.
        right: the positions of the columns whose words end below each other.
    """
    widths = [max(width(text) for text, _ in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for index, (text, ink) in enumerate(row):
            blanks = " " * (widths[index] - width(text))
            painted = paint(text, ink) if text else ""
            cells.append(blanks + painted if index in right else painted + blanks)
        yield "  ".join(cells).rstrip()


def shorten(text: str, columns: int) -> str:
    """Return words in so many columns, without their middle if need be, filled with blanks."""
    if width(text) > columns:
        tail = (columns - 3) // 2
        text = f"{text[: columns - 3 - tail]}...{text[-tail:]}"
        while width(text) > columns:
            text = text[1:]
    return text + " " * (columns - width(text))


def shorten_distinct(names: Sequence[str], columns: int) -> list[str]:
    """Return names in at most so many columns, so that different ones still look different.

    Args:
        names: in one line each.
        columns: in columns. Names that need more of it to differ get as much.
    """
    shown = {name: shorten(name, columns).rstrip() for name in names}
    alike: dict[str, list[str]] = {}
    for name, text in shown.items():
        alike.setdefault(text, []).append(name)
    for group in alike.values():
        if len(group) > 1:
            begun = _first_difference(min(group), max(group))
            shown |= {name: _head_and_tail(name, begun, columns) for name in group}
    if len({*shown.values()}) < len(shown):
        return [*names]
    return [shown[name] for name in names]


def _first_difference(first: str, last: str) -> int:
    """Return where the part begins in which the first and the last of some sorted names differ."""
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    return max(first.rfind(each, 0, same) + 1 for each in "-_/ ")


def _head_and_tail(name: str, begun: int, columns: int) -> str:
    """Return a name without its middle: its first letters, and what comes from some position on."""
    head = name[: max(min(columns // 4, begun), 1)]
    tail = name[begun:]
    while width(f"{head}...{tail}") > columns and tail:
        tail = tail[:-1]
    return f"{head}...{tail}"


def terminal_width(env: Mapping[str, str], stream: TextIO) -> int:
    """Return how many columns there are: COLUMNS, the terminal's, or 100 where there is none."""
    given = env.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return max(int(given), 40)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 40)
    except (OSError, ValueError):
        return 100


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
