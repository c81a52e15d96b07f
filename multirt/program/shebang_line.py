"""Read and write the first line of a script."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.program.interpreter_line import is_python, read_first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_BOM = b"\xef\xbb\xbf"
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+")  # PEP 263
# What starts Python scripts besides Pythons; `nix-shell` and its like start other languages, too.
_STARTERS = frozenset({"multirt", "uv", "pipx", "hatch", "pdm"})


class ShebangLine(Struct, frozen=True, kw_only=True):
    """The first line of a file, and what there is to know about changing it.

    Attributes:
        text: its bytes with the line's end; None when the file begins with no `#!`.
        interpreter: the program that it names, without a folder; None for none.
        options: the arguments for the Python ahead of the script.
        python: it starts a Python script, by one way or another.
        through_multirt: it starts multirt.
        version: the interpreter's name where it says more than that it is some Python 3.
        trouble: why no other line can be put there; None when one can.
    """

    text: bytes | None
    interpreter: str | None
    options: tuple[str, ...]
    python: bool
    through_multirt: bool
    version: str | None
    trouble: str | None


def read_shebang_line(content: bytes) -> ShebangLine:
    """Return what the first line of a file says.

    Args:
        content: the file's bytes; the first two lines are enough.
    """
    first, end, rest = content.partition(b"\n")
    text = first + end if first.startswith(b"#!") else None
    line = read_first_line(content)
    name = line.interpreter
    return ShebangLine(
        text=text,
        interpreter=name,
        options=line.options,
        python=line.python or name in _STARTERS,
        through_multirt=name == "multirt",
        version=_version(name) if text is not None and b"/env" in text else None,
        trouble=_trouble(content, text, rest),
    )


def _version(name: str | None) -> str | None:
    """Return a name that asks for a version or an implementation.

    A path does so too, but it is that of the runtime that installed the script.
    """
    if name is None or not is_python(name) or name in ("python", "python3"):
        return None
    return name


def _trouble(content: bytes, text: bytes | None, rest: bytes) -> str | None:
    """Return why the first line cannot be another."""
    if b"\0" in content[:4096]:
        return "it is no text"
    if content.startswith(_BOM):
        return "it begins with a byte order mark, before which nothing may stand"
    if text is None and _COOKIE.match(rest) and not _COOKIE.match(content):
        return "its second line names its encoding, and would become the third"
    return None


def shebang_for(specs: Sequence[str] = (), arguments: Sequence[str] = ()) -> bytes:
    """Return the line that starts a script through multirt.

    Args:
        specs: acceptable runtimes in order of preference; empty for the best that fits.
        arguments: for the interpreter.
    """
    options = [f"--python {shlex.quote(spec)}" for spec in specs]
    options += [f"--python-args={shlex.quote(shlex.join(arguments))}"] if arguments else []
    if not options:
        return b"#!/usr/bin/env multirt\n"
    return f"#!/usr/bin/env -S multirt run {' '.join(options)}\n".encode()


def with_line(content: bytes, line: bytes | None) -> bytes:
    """Return a file with another first line, or without one; all else stays byte for byte."""
    begins = content.startswith(b"#!")
    rest = content.partition(b"\n")[2] if begins else content
    return rest if line is None else line + rest
