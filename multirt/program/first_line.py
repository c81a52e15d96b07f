"""Read the interpreter that a script's first line asks for."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_INTERPRETER = re.compile(r"(python|pypy|graalpy|jython|micropython)[\d.]*[dt]{0,2}(\.exe)?")


def named_interpreter(content: bytes) -> str | None:
    """Return the interpreter's name in a `#!` line, None when there is none.

    `/usr/bin/env -S NAME OPTIONS` is understood, and what is no Python's name is returned too.
    """
    words = first_words(content)
    if not words:
        return None
    name = PurePosixPath(words[0]).name
    if name == "env":
        rest = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        name = PurePosixPath(rest[0]).name if rest else ""
    return name or None


def is_python(name: str) -> bool:
    """Whether an interpreter's name is that of a Python runtime."""
    return _INTERPRETER.fullmatch(name) is not None


def first_words(content: bytes) -> list[str]:
    """Return the words of a `#!` line, none when there is no such line."""
    line = content.partition(b"\n")[0]
    if not line.startswith(b"#!"):
        return []
    return line[2:].decode("utf-8", "replace").split()
