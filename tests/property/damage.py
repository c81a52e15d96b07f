"""Damage to a file: bytes that change, and an end that comes early."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import Struct


class Damage(Struct, frozen=True, kw_only=True):
    """What is done to a file's bytes.

    Attributes:
        changes: a place, as a part of 65536 of the file, and the bytes that stand there instead.
        kept: how much of the file is left, in the same parts.
    """

    changes: tuple[tuple[int, bytes], ...]
    kept: int

    def done_to(self, data: bytes) -> bytes:
        """The damaged file."""
        changed = bytearray(data)
        for part, new in self.changes:
            at = part * len(data) >> 16
            changed[at : at + len(new)] = new
        return bytes(changed[: self.kept * len(changed) >> 16])


# Single bytes of any value, and numbers that are likely to reach too far.
_NEW = st.binary(min_size=1, max_size=4) | st.sampled_from(
    [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0", b"\0\0\1\0"]
)


def damages() -> st.SearchStrategy[Damage]:
    """Some changed bytes, and now and then a cut-off end."""
    changes = st.lists(st.tuples(st.integers(0, 65535), _NEW), max_size=6).map(tuple)
    return st.builds(Damage, changes=changes, kept=st.just(65536) | st.integers(0, 65536))
