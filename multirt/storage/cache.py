"""Remember small things on disk, such that a damaged or foreign file counts as none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runtimes.storage import cache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_note(file: Path) -> dict[str, object] | None:
    """Return a note; None when there is none, or another user could have written it."""
    return cache.read(file, dict[str, Any])


def write_note(file: Path, note: dict[str, object]) -> None:
    """Put a note in place at once or not at all.

    Raises:
        OSError: it cannot be written.
    """
    cache.write(file, note)


def age_of(note: Mapping[str, object]) -> float | None:
    """Return the seconds since a note was made; None when it does not say, or says the future."""
    made = note.get("made")
    if not isinstance(made, int | float):
        return None
    age = time.time() - made
    return age if age >= 0 else None
