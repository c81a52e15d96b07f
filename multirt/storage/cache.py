"""Remember small things on disk, such that a damaged or foreign file counts as none."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMIT = 1 << 24  # bytes; no note is larger
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_note(file: Path) -> dict[str, object] | None:
    """Return a note; None when there is none, or somebody else could have written it."""
    try:
        descriptor = os.open(file, os.O_RDONLY | _CAREFULLY)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as stream:
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT:
                return None
            if os.name != "nt" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
                return None
            note = json.loads(stream.read(_LIMIT))
        except (OSError, ValueError, RecursionError):
            return None
    return note if isinstance(note, dict) else None


def write_note(file: Path, note: dict[str, object]) -> None:
    """Put a note in place at once or not at all.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".note-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(note, separators=(",", ":")))  # in C, unlike `dump`
        Path(temporary).replace(file)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def age_of(note: Mapping[str, object]) -> float | None:
    """Return the seconds since a note was made; None when it does not say, or says the future."""
    made = note.get("made")
    if not isinstance(made, int | float):
        return None
    age = time.time() - made
    return age if age >= 0 else None
