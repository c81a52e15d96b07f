"""Files that are seen whole or not at all, and the digest that tells whether one changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from runtimes.storage.files import load, replace, save

if TYPE_CHECKING:
    from pathlib import Path


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
