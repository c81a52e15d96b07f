"""Return digests of files without reading unchanged files again."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from multirt.storage.cache import read_note, write_note
from runtimes.storage.fingerprint import is_racy

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = 1


class Seen:
    """The digests of files, each with what the file system said of the file.

    The time of its last change (ctime) cannot be set by a program, so an edit shows that keeps
    size and time of a file. What changed just now is read again next time: one more edit could
    carry the same stamp.
    """

    def __init__(self, place: Path) -> None:
        """Read what is remembered at a place."""
        note = read_note(place) or {}
        files = note.get("files") if note.get("schema") == _SCHEMA else None
        self._place = place
        self._known: dict[str, object] = files if isinstance(files, dict) else {}
        self._found: dict[str, object] = {}
        self._since = time.time_ns()
        self._read = False

    def digest(self, path: str) -> bytes:
        """Return the SHA-256 of a file.

        Raises:
            OSError: it cannot be read.
        """
        stamp = _stamp(os.stat(path))  # noqa: PTH116 - thousands of paths, as text
        match self._known.get(path):
            case [str(then), str(digest)] if (
                then == stamp and len(digest) == hashlib.sha256().digest_size * 2
            ):
                self._found[path] = [then, digest]
                return bytes.fromhex(digest)
        with open(path, "rb") as stream:  # noqa: PTH123 - thousands of paths, as text
            content = hashlib.file_digest(stream, "sha256").digest()
            status = os.fstat(stream.fileno())
        self._read = True
        if _stamp(status) == stamp and not is_racy(status.st_ctime_ns, self._since):
            self._found[path] = [stamp, content.hex()]
        return content

    def keep(self) -> None:
        """Write down what was found, if that is more or less than what was known."""
        if self._read or len(self._found) != len(self._known):
            with suppress(OSError):  # a disk that is full; the files are read again
                write_note(self._place, {"schema": _SCHEMA, "files": self._found})


def _stamp(status: os.stat_result) -> str:
    facts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return " ".join(map(str, facts))
