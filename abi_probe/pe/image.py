"""Read a PE file's headers, and its bytes by the addresses that they have once loaded."""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import Final

from msgspec import Struct

from abi_probe.bounded_view import MAX_NAME, BoundedView
from abi_probe.errors import NotABinaryError, UnreadableError

_MAX_HEADER: Final = 4096  # bytes of the optional header; 240 with all its directories
_DIRECTORIES: Final = 16
_LOWEST_ALIGNMENT: Final = 512  # raw data begins at multiples of it, whatever the header says

_DOS: Final = struct.Struct("<60xI")
_COFF: Final = struct.Struct("<4xHHIIIHH")
_SECTION: Final = struct.Struct("<8xIIII12xI")
_EXECUTE: Final = 0x20000000  # IMAGE_SCN_MEM_EXECUTE
_WRITE: Final = 0x80000000  # IMAGE_SCN_MEM_WRITE
_DIRECTORY: Final = struct.Struct("<II")


class _Width(Struct, frozen=True, kw_only=True):
    """Where the optional header of one width holds what."""

    bits: int
    base: struct.Struct
    base_at: int
    count_at: int  # number of directories, which follow


_WIDTHS: Final = {
    0x10B: _Width(bits=32, base=struct.Struct("<I"), base_at=28, count_at=92),
    0x20B: _Width(bits=64, base=struct.Struct("<Q"), base_at=24, count_at=108),
}
_WORD: Final = struct.Struct("<I")
_HALF: Final = struct.Struct("<H")
_HEADERS_SIZE_AT: Final = 60
_FILE_ALIGNMENT_AT: Final = 36


class Section(Struct, frozen=True, kw_only=True):
    """A stretch of the loaded image: `size` bytes at `address`, the first `raw` from the file."""

    address: int
    size: int
    offset: int
    raw: int
    writable: bool = False
    executable: bool = False


class PeImage(Struct, frozen=True, kw_only=True):
    """A PE file whose headers have been read; addresses are relative to where it is loaded.

    Attributes:
        window: the whole file.
        machine: as in the COFF header.
        characteristics: the same.
        bits: 32 or 64.
        base: the address that it would like to be loaded at.
        directories: address of each table by its number; 0 where there is none.
        sections: the headers, as if they were a section, and the sections by rising address.
    """

    window: BoundedView
    machine: int
    characteristics: int
    bits: int
    base: int
    directories: tuple[int, ...]
    sections: tuple[Section, ...]
    _starts: list[int]

    def read(self, address: int, size: int, what: str) -> bytes:
        """Exactly `size` bytes; zeros where the section has more memory than file.

        Raises:
            UnreadableError: no section holds them all.
        """
        section = self._section(address, what)
        ahead = address - section.address
        if ahead + size > section.size:
            raise UnreadableError(f"{what} at {address:#x} leaves its section after {ahead} bytes")
        stored = max(0, min(size, section.raw - ahead))
        found = self.window.read(section.offset + ahead, stored, what) if stored else b""
        return found.ljust(size, b"\0")

    def unpack(self, layout: struct.Struct, address: int, what: str) -> tuple[int, ...]:
        """The numbers of one record.

        Raises:
            UnreadableError: no section holds it.
        """
        return layout.unpack(self.read(address, layout.size, what))

    def string(self, address: int, what: str) -> bytes:
        """The bytes up to the next NUL, or the first `MAX_NAME` of them.

        Raises:
            UnreadableError: no section holds the beginning, or the section ends before the NUL.
        """
        size = min(MAX_NAME, self.available(address, what))
        found, nul, _ = self.read(address, size, what).partition(b"\0")
        if not nul and size < MAX_NAME:
            raise UnreadableError(f"{what} at {address:#x} does not end in its section")
        return found

    def available(self, address: int, what: str) -> int:
        """How many bytes there are from an address to the end of its section.

        Raises:
            UnreadableError: no section holds the address.
        """
        section = self._section(address, what)
        return section.address + section.size - address

    def _section(self, address: int, what: str) -> Section:
        index = bisect_right(self._starts, address) - 1
        section = self.sections[index]  # the headers are at 0, so there is always one
        if index < 0 or address >= section.address + section.size:
            raise UnreadableError(f"{what} at address {address:#x}, which no section holds")
        return section


def read_image(window: BoundedView) -> PeImage:
    """Read the headers.

    Source of the layout: Microsoft's "PE Format".

    Raises:
        NotABinaryError: it begins as another kind of file does, a plain DOS program among them.
        UnreadableError: it is cut off or contradicts itself.
    """
    if window.read(0, min(2, window.size), "magic") != b"MZ":
        raise NotABinaryError("no DOS header")
    (start,) = window.unpack(_DOS, 0, "DOS header")
    if window.read(start, 4, "PE signature") != b"PE\0\0":
        raise NotABinaryError("DOS program without a PE header")
    machine, count, _, _, _, size, characteristics = window.unpack(_COFF, start, "COFF header")
    if size > _MAX_HEADER:
        raise UnreadableError(f"optional header of {size} bytes")
    optional = window.part(start + _COFF.size, size, "optional header")
    width = _WIDTHS.get(optional.unpack(_HALF, 0, "optional header")[0])
    if width is None:
        raise UnreadableError("optional header of neither PE32 nor PE32+")
    sections = _sections(window, start + _COFF.size + size, count, optional)
    return PeImage(
        window=window,
        machine=machine,
        characteristics=characteristics,
        bits=width.bits,
        base=optional.unpack(width.base, width.base_at, "optional header")[0],
        directories=_directories(optional, width),
        sections=sections,
        _starts=[section.address for section in sections],
    )


def _directories(optional: BoundedView, width: _Width) -> tuple[int, ...]:
    """The address of each table; 0 where there is none or no space for its record."""
    (count,) = optional.unpack(_WORD, width.count_at, "optional header")
    first = width.count_at + _WORD.size
    known = min(count, _DIRECTORIES, (optional.size - first) // _DIRECTORY.size)
    locations = [
        optional.unpack(_DIRECTORY, first + index * _DIRECTORY.size, "directories")[0]
        for index in range(known)
    ]
    return tuple(locations + [0] * (_DIRECTORIES - known))


def _sections(
    window: BoundedView, start: int, count: int, optional: BoundedView
) -> tuple[Section, ...]:
    """The headers and the sections, by rising address, as the loader demands."""
    (alignment,) = optional.unpack(_WORD, _FILE_ALIGNMENT_AT, "optional header")
    (size,) = optional.unpack(_WORD, _HEADERS_SIZE_AT, "optional header")
    size = min(size, window.size)
    sections = [Section(address=0, size=size, offset=0, raw=size)]
    table = window.read(start, count * _SECTION.size, "section table")
    for memory, address, raw, offset, flags in _SECTION.iter_unpack(table):
        if address < sections[-1].address + sections[-1].size:
            raise UnreadableError(f"sections overlap at address {address:#x}")
        if raw and offset + raw > window.size:
            raise UnreadableError(f"truncated: a section ends at {offset + raw} of {window.size}")
        if alignment >= _LOWEST_ALIGNMENT:
            offset -= offset % _LOWEST_ALIGNMENT  # noqa: PLW2901  the loader rounds down
        available = memory or raw
        sections.append(
            Section(
                address=address,
                size=available,
                offset=offset,
                raw=min(raw, available),
                writable=bool(flags & _WRITE),
                executable=bool(flags & _EXECUTE),
            )
        )
    return tuple(sections)
