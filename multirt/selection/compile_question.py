"""Write down what a runtime is asked about a program."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.program.model import Source

# Importing these does something, if only to print.
_LOUD = frozenset({"antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"})


class Question(Struct, frozen=True, kw_only=True):
    """One question.

    Attributes:
        data: what the runtime reads from stdin; empty when there is nothing to ask.
        digest: changes with the question.
    """

    data: bytes
    digest: str


@cache
def script() -> str:
    """Return the program that the runtime runs."""
    return Path(__file__).with_name("compile_question.py.txt").read_text(encoding="ascii")


def question(sources: Sequence[Source], names: Iterable[str]) -> Question:
    """Return the question about files and names."""
    parts = []
    for index, source in enumerate(sources):
        kind = "bytecode" if source.compiled else "source"
        content = source.content[:4] if source.compiled else source.content
        parts += [f"{kind} {index} {len(content)}\n".encode(), content]
    for name in sorted(set(names)):
        module, _, member = name.partition(":")
        if module.partition(".")[0] not in _LOUD and "__main__" not in name and name.isascii():
            parts.append(f"name {module} {member}\n".encode())
    data = b"".join(parts)
    digest = hashlib.sha256(script().encode() + b"\0" + data).hexdigest()
    return Question(data=data, digest=digest)
