"""Keep notes in files, which count only where nobody else could have written them."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from runtimes.storage.files import load, save

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "runtimes"
"""Where they are, below the folder of all that is remembered."""


# What changes which program a file starts, or which libraries it gets.
_VARIABLES: Final = (
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "GRAALVM_HOME",
    "HOME",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
)


def decisive(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that change what a file answers."""
    return {name: env[name] for name in _VARIABLES if name in env}


def file_of(folder: str, key: str, kind: str = "") -> str:
    """Return the file of a note, whose name begins with its kind.

    Not for safety: a note of another key in its place is told by the key inside.
    """
    data = key.encode()
    return os.path.join(folder, f"{kind}{zlib.crc32(data):08x}{zlib.adler32(data):08x}.json")  # noqa: PTH118 - hot


def read(file: str) -> dict[str, Any] | None:
    """Return a note, None when there is none or it cannot be trusted."""
    content = load(file)
    try:
        note = json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def write(file: str, note: Mapping[str, object]) -> None:
    """Put a note in place at once or not at all; trouble with the disk is no trouble."""
    with suppress(OSError):
        save(file, json.dumps(note).encode())
