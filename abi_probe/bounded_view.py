"""Give a bounded view of a file's bytes, whose every read is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.errors import UnreadableError

if TYPE_CHECKING:
    import mmap
    import struct

    Buffer = bytes | memoryview | mmap.mmap

MAX_NAME: Final = 1024
"""Bytes of a symbol's name. A longer one is none of Python's: an init function is named for a
file, and no file's name is longer than 255 bytes (765 in UTF-8, macOS's HFS+)."""

MAX_KEPT: Final = 1 << 16
"""Names that are kept of one file; CPython and PyPy together have under 5,000."""

_STEP: Final = 64  # most names are shorter, so one short read finds the end


class BoundedView(Struct, frozen=True, kw_only=True):
    """A part of a file.

    Attributes:
        data: the whole file.
        start: where the part begins in it.
        size: of the part, in bytes; never more than the file has.
    """

    data: Buffer
    start: int = 0
    size: int

    def __repr__(self) -> str:
        """Return the position in the file, without the bytes."""
        return f"Window(start={self.start}, size={self.size})"

    @classmethod
    def whole(cls, data: Buffer) -> BoundedView:
        """The window that shows the whole file."""
        return cls(data=data, size=len(data))

    def part(self, offset: int, size: int, what: str) -> BoundedView:
        """A smaller window; `what` names it in the message if it does not fit.

        Raises:
            UnreadableError: it reaches past the end of this one.
        """
        self._check(offset, size, what)
        return BoundedView(data=self.data, start=self.start + offset, size=size)

    def read(self, offset: int, size: int, what: str) -> bytes:
        """Exactly `size` bytes.

        Raises:
            UnreadableError: there are fewer.
        """
        self._check(offset, size, what)
        start = self.start + offset
        return bytes(self.data[start : start + size])

    def unpack(self, layout: struct.Struct, offset: int, what: str) -> tuple[int, ...]:
        """The numbers of one record.

        Raises:
            UnreadableError: the record reaches past the end.
        """
        return layout.unpack(self.read(offset, layout.size, what))

    def string(self, offset: int, what: str, limit: int = MAX_NAME) -> bytes:
        """The bytes up to the next NUL, which ends every string here.

        Returns:
            The string; its first `limit` bytes where it is longer, so a name of `MAX_NAME` bytes
            is none.

        Raises:
            UnreadableError: the window ends before the string does, or before it begins.
        """
        self._check(offset, 1, what)
        longest = min(limit, self.size - offset)
        for size in (min(_STEP, longest), longest):
            found, nul, _ = self.read(offset, size, what).partition(b"\0")
            if nul:
                return found
        if longest < limit:
            raise UnreadableError(f"{what} at offset {offset} does not end")
        return found

    def _check(self, offset: int, size: int, what: str) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise UnreadableError(
                f"truncated: {what} needs {size} bytes at offset {offset} of {self.size}"
            )


def as_text(name: bytes) -> str:
    """A name or path of a binary as text, with escapes for what is no UTF-8 in it."""
    return name.decode("utf-8", "backslashreplace")
