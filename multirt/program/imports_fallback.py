"""Read the imports of a source that this Python cannot parse, by its lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multirt.program.model import Import

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What is not at the margin may be in a `try` or in a function.
_PLAIN = re.compile(r"(?P<lazy>lazy\s+)?import\s+(?P<names>[\w.]+(?:\s+as\s+\w+)?(?:\s*,.*)?)")
_FROM = re.compile(r"(?P<lazy>lazy\s+)?from\s+(?P<name>[A-Za-z_][\w.]*)\s+import\s*(?P<names>.*)")
_LITERAL = re.compile(r"(?s)(\"\"\"|''')(?:\\.|.)*?\1")


def imports_of_older(text: str, file: Path) -> tuple[Import, ...]:
    """Return the imports that stand at the margin of a file."""
    return tuple(_imports(text, file))


def _imports(text: str, file: Path) -> Iterator[Import]:
    for line, statement in _lines(text):
        for part in statement.split(";"):
            words = part.partition("#")[0].strip().rstrip("\\")
            if match := _FROM.match(words):
                yield Import(
                    name=match["name"],
                    members=tuple(_names(match["names"].replace("(", "").replace(")", ""))),
                    file=file,
                    line=line,
                    certain=not match["lazy"],
                )
            elif match := _PLAIN.match(words):
                for name in _names(match["names"]):
                    yield Import(name=name, file=file, line=line, certain=not match["lazy"])


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield what stands at the margin, with line numbers; long literals are left out."""
    without = _LITERAL.sub(lambda match: "''" + "\n" * match[0].count("\n"), text)
    for number, line in enumerate(without.splitlines(), 1):
        if line[:1].strip():
            yield number, line


def _names(listed: str) -> Iterator[str]:
    """Yield the first word of each item of a list, where it is a name."""
    for item in listed.split(","):
        word = item.split()[0] if item.split() else ""
        if word and all(part.isidentifier() for part in word.split(".")):
            yield word
