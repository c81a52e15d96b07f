"""Record a stream of any length: its hash after the rules, and its beginning."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.normalization import Substitution

KEPT = 1 << 20  # bytes of a stream that are kept to be shown; all of it is hashed
_BLOCK = 1 << 18  # bytes that the rules see at once, up to the last line's end


class Recorded(Struct, frozen=True, kw_only=True):
    """What was written to one stream, or into one file.

    Attributes:
        size: in bytes, as written.
        digest: SHA-256 of all of it, after the rules.
        text: its beginning, after the rules; bytes that are no text are escaped.
        whole: `text` is all of it.
    """

    size: int
    digest: str
    text: str
    whole: bool


class Recording:
    """A stream as it comes in; it needs the same memory for a line and for gigabytes."""

    def __init__(self, substitutions: Sequence[Substitution]) -> None:
        """Begin."""
        self._substitutions = substitutions
        self._hash = hashlib.sha256()
        self._waiting = bytearray()
        self._kept = bytearray()
        self._size = 0
        self._written = 0

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        self._size += len(data)
        self._waiting += data
        # Where blocks end must not depend on how the bytes came in: the hash would, too.
        while len(self._waiting) >= _BLOCK:
            end = self._waiting.rfind(b"\n", 0, _BLOCK) + 1 or _BLOCK
            self._take(bytes(self._waiting[:end]))
            del self._waiting[:end]

    def finish(self) -> Recorded:
        """Return what was recorded."""
        self._take(bytes(self._waiting))
        self._waiting.clear()
        return Recorded(
            size=self._size,
            digest=self._hash.hexdigest(),
            text=self._kept.decode("utf-8", "backslashreplace"),
            whole=self._written == len(self._kept),
        )

    def _take(self, block: bytes) -> None:
        """Apply the rules to a block, hash it, keep it while there is room."""
        for pattern, replacement in self._substitutions:
            block = pattern.sub(replacement, block)
        self._hash.update(block)
        self._written += len(block)
        self._kept += block[: KEPT - len(self._kept)]
