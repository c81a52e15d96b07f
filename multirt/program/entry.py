"""Parse what to run from a command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multirt.errors import UsageError
from multirt.program.model import EntryPoint, ProgramKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_INTERPRETERS = frozenset({"python", "python3"})
_LONGEST_END = 22 + 0xFFFF  # bytes; the end record of a zip archive and the longest comment
_ENDINGS = (".py", ".pyw", ".pyc", ".pyz")


def entry_of(words: Sequence[str], cwd: Path) -> tuple[EntryPoint, tuple[str, ...]]:
    """Return what is to run and the arguments that are its own.

    Args:
        words: a path, `-m MODULE`, `-c CODE`, `-`, or the name of a command; then arguments.
            Nothing at all means the interpreter itself, as it does for `python`.
        cwd: the folder that paths are looked up in.

    Raises:
        MultirtError: `-m` or `-c` without its word.
    """
    if not words:
        return EntryPoint(kind=ProgramKind.INTERPRETER), ()
    first, rest = words[0], tuple(words[1:])
    if first == "-":
        return EntryPoint(kind=ProgramKind.STDIN), rest
    for option, kind in (("-m", ProgramKind.MODULE), ("-c", ProgramKind.CODE)):
        if first == option:
            if not rest:
                raise UsageError(f"{option} needs a word after it")
            return EntryPoint(kind=kind, text=rest[0]), rest[1:]
        if first.startswith(option) and not first.startswith("--"):
            return EntryPoint(kind=kind, text=first[2:]), rest
    return _named(first, cwd), rest


def _named(word: str, cwd: Path) -> EntryPoint:
    """Return what a word names: something on the disk, or else a command."""
    if word in _INTERPRETERS:
        return EntryPoint(kind=ProgramKind.INTERPRETER)
    path = cwd / word
    is_folder = path.is_dir()
    there = is_folder or path.exists()
    if is_folder or (there and _is_archive(path)):
        return EntryPoint(kind=ProgramKind.FOLDER, text=word)
    if there or os.sep in word or word.endswith(_ENDINGS):
        return EntryPoint(kind=ProgramKind.SCRIPT, text=word)
    return EntryPoint(kind=ProgramKind.COMMAND, text=word)


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, which may have a `#!` line before it."""
    try:
        return path.is_file() and _ends_like_an_archive(path)
    except OSError:
        return False


def _ends_like_an_archive(path: Path) -> bool:
    """Whether a file has a zip archive's end; most programs show at once that they have none."""
    with path.open("rb") as stream:
        stream.seek(-min(path.stat().st_size, _LONGEST_END), os.SEEK_END)
        if b"PK\x05\x06" not in stream.read():
            return False
    import zipfile  # 8 ms

    return zipfile.is_zipfile(path)
