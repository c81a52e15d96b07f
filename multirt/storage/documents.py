"""Read and write documents of our own, so that none is half written or from another user."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from runtimes.storage import cache
from runtimes.storage.files import load, replace, save

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_note(file: Path) -> dict[str, object] | None:
    """Return a note; None when there is none, or another user could have written it."""
    return cache.read(file, dict[str, Any])


def write_note(file: Path, note: dict[str, object]) -> None:
    """Write a note at once or not at all.

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


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, document: object) -> None:
    """Write a document of ours so that readers see the old one or the new one."""
    save(path, json.dumps(document).encode())


def read_json(path: Path) -> Any:  # noqa: ANN401 - as it was written
    """Return a document of ours; None where there is none, or another user can write it.

    Raises:
        ValueError: it is damaged.
    """
    content = load(path)
    try:
        return json.loads(content) if content is not None else None
    except RecursionError as error:
        raise ValueError("too deep") from error


def write_text(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text.encode(errors="backslashreplace"), 0o644)
