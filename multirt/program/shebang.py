"""Read the interpreter and its options from a script's first line."""

from __future__ import annotations

import re
import shlex
from itertools import zip_longest
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.executable_names import is_runtime_name

if TYPE_CHECKING:
    from collections.abc import Sequence

# Texts, which `re` compiles when one is first met: most scripts need none of them.
_ALSO = r"platform-python[\d.]*|pythonw[\d.]*|pyw?"  # RHEL; Windows and macOS; PEP 397
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "zsh"})
_TAKING = frozenset({"-u", "--unset", "-C", "--chdir"})  # options of `env` with a value after them
_SPLITS = r"-[a-zA-Z]*S|--split-string=?"
_TRAMPOLINE_LINES = 6
# The second line is text to Python and a command to a shell.
_EXEC = r"""(?m)^['"\s]*exec['"]*\s+(?P<words>.+)"\$0\""""
_SUBSTITUTED = r"\$\([^()]*\)"
_BACKTICKS = r"`[^`]*?([^`\s]+)`"


class Shebang(Struct, frozen=True, kw_only=True):
    """What a script's first line starts.

    Attributes:
        interpreter: the program's name, without a folder and `.exe`; None without a `#!` line.
        options: the arguments for the Python ahead of the script.
    """

    interpreter: str | None = None
    options: tuple[str, ...] = ()

    @property
    def python(self) -> bool:
        """Whether it starts a Python."""
        return self.interpreter is not None and is_python(self.interpreter)


def read_shebang(content: bytes) -> Shebang:
    """Return what a script's first line starts.

    `/usr/bin/env -S NAME OPTIONS`, paths with blanks, and the trampolines through a shell that pip,
    uv and people write are understood.

    Args:
        content: the file's bytes; the first lines are enough.
    """
    line, _, rest = content.partition(b"\n")
    if not line.startswith(b"#!"):
        return Shebang()
    parts = _interpreter_first(line[2:].decode("utf-8", "replace").strip())
    if parts and _name(parts[0]) == "env":
        parts = _after_env(parts[1:])
    if parts and _name(parts[0]) in _SHELLS:
        head = b"\n".join(rest.split(b"\n", _TRAMPOLINE_LINES)[:_TRAMPOLINE_LINES])
        parts = _trampoline(head.decode("utf-8", "replace")) or parts
    if not parts:
        return Shebang()
    name, arguments = _name(parts[0]) or None, tuple(parts[1:])
    if name == "multirt":
        return Shebang(interpreter=name, options=_passed_on(arguments))
    return Shebang(interpreter=name, options=arguments if name and is_python(name) else ())


def is_python(name: str) -> bool:
    """Whether an interpreter's name is that of a Python runtime."""
    plain = name.lower().removesuffix(".exe")
    return is_runtime_name(name) or re.fullmatch(_ALSO, plain) is not None


def _passed_on(parts: Sequence[str]) -> tuple[str, ...]:
    """Return the interpreter's options in a first line that starts multirt."""
    found: list[str] = []
    for part, following in zip_longest(parts, parts[1:], fillvalue=""):
        name, equals, value = part.partition("=")
        if name == "--python-args":
            found += _split(value if equals else following)
    return tuple(found)


def _name(path: str) -> str:
    """Return a program's name, of whichever system its path is."""
    return re.split(r"[/\\]", path)[-1].removesuffix(".exe")


def _interpreter_first(text: str) -> list[str]:
    """Return the arguments in a line, a path with blanks as one."""
    if text.startswith(('"', "'")):
        return _split(text)
    parts = text.split()
    if parts and _name(parts[0]) == "env":
        return parts
    for end in range(len(parts), 1, -1):
        more = parts[1:end]
        parted = not any(each.startswith(("/", "-")) for each in more)
        if parted and "/" in more[-1] and is_python(_name(more[-1])):
            return [" ".join(parts[:end]), *parts[end:]]
    return parts


def _after_env(parts: list[str]) -> list[str]:
    """Return the command that `env` starts."""
    while parts:
        first, *parts = parts
        if split := re.match(_SPLITS, first):
            parts = _split(" ".join([first[split.end() :], *parts]))
        elif first in _TAKING:
            parts = parts[1:]
        elif not first.startswith("-") and "=" not in first:
            return [first, *parts]
    return []


def _trampoline(text: str) -> list[str]:
    """Return the command of a Python that a shell becomes with the script, none where it is not."""
    if not text.startswith(('"', "'")) or (match := re.search(_EXEC, text)) is None:
        return []
    command = re.sub(_BACKTICKS, r"\1", match["words"])
    while (plain := re.sub(_SUBSTITUTED, "", command)) != command:
        command = plain
    parts = [part for part in _split(command) if part != "--"]
    if parts and _name(parts[0]) == "env":
        parts = _after_env(parts[1:])
    return parts if parts and is_python(_name(parts[0])) else []


def _split(text: str) -> list[str]:
    """Return arguments as a shell splits them, or by blanks where its quotes do not match."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
