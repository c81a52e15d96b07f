"""Keep notes in files, which count only where nobody else could have written them."""

from __future__ import annotations

import json
import os
import stat
import threading
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = "runtimes"
"""Where they are, below the folder of all that is remembered."""

_CAREFULLY: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LIMIT: Final = 1 << 24  # bytes; an answer has 30 kB, a search that found 28 runtimes 300 kB

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
    try:
        descriptor = os.open(file, os.O_RDONLY | _CAREFULLY)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT:
            return None
        if os.name != "nt" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            return None  # somebody else could have written it
        note = json.loads(os.read(descriptor, status.st_size))
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(descriptor)
    return note if isinstance(note, dict) else None


def write(file: str, note: Mapping[str, object]) -> None:
    """Put a note in place at once or not at all; trouble with the disk is no trouble."""
    temporary = f"{file}.{os.getpid()}-{threading.get_ident()}"
    try:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(json.dumps(note))
        Path(temporary).replace(file)
    except OSError:  # a full disk
        with suppress(OSError):
            Path(temporary).unlink()
