"""Return digests of files without reading unchanged files again."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from runtimes.storage import cache
from runtimes.storage.fingerprint import Fingerprint, is_racy, of_status

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = hashlib.sha256().digest_size * 2


Digests = dict[str, tuple[Fingerprint, str]]
"""Paths, each with its fingerprint when it was read, and its SHA-256."""


class Seen:
    """The digests of files, each with what the file system said of the file.

    The time of its last change (ctime) cannot be set by a program, so an edit shows that keeps
    size and time of a file. What changed just now is read again next time: one more edit could
    carry the same stamp.
    """

    def __init__(self, place: Path) -> None:
        """Read what is remembered at a place."""
        self._place = place
        self._known = cache.read(place, Digests) or {}
        self._found: Digests = {}
        self._since = time.time_ns()
        self._read = False

    def digest(self, path: str) -> bytes:
        """Return the SHA-256 of a file.

        Raises:
            OSError: it cannot be read.
        """
        now = of_status(os.stat(path))  # noqa: PTH116 - thousands of paths, as text
        known = self._known.get(path)
        if known is not None and known[0] == now and len(known[1]) == _DIGITS:
            self._found[path] = known
            return bytes.fromhex(known[1])
        with open(path, "rb") as stream:  # noqa: PTH123 - thousands of paths, as text
            content = hashlib.file_digest(stream, "sha256").digest()
            status = os.fstat(stream.fileno())
        self._read = True
        if of_status(status) == now and not is_racy(now.ctime, self._since):
            self._found[path] = (now, content.hex())
        return content

    def keep(self) -> None:
        """Write down what was found, if that is more or less than what was known."""
        if self._read or len(self._found) != len(self._known):
            with suppress(OSError):  # a disk that is full; the files are read again
                cache.write(self._place, self._found)
