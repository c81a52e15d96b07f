"""Look at a binary as it lies in memory once it is loaded, its own pointers set."""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import struct
    from collections.abc import Iterable, Iterator

MOST_OCCURRENCES: Final = 64
"""Places of some bytes that are looked at: of a name, of pointers to one address, of a header."""

_MOST_STRETCHES: Final = 256  # a Mach-O file numbers its sections in one byte
_MOST_SEARCHED: Final = 1 << 30  # bytes in all: of a module of 160 MB some 200 MB are


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedSegment:
    """A part of the file, `size` bytes from `offset` on, that is mapped to an address."""

    offset: int
    address: int
    size: int
    writable: bool
    executable: bool


@dataclass(kw_only=True, slots=True)
class SearchBudget:
    """How many bytes may still be searched, so that no file takes for ever."""

    left: int = _MOST_SEARCHED


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressSpace(ABC):
    """A file as it lies in memory once it is loaded.

    Attributes:
        data: its bytes, which can be searched.
        mark: the byte order as `struct` has it, `<` or `>`.
        word: how an address is written.
        stretches: what is mapped, by rising offset, none of which overlap.
        patience: what is left of it.
    """

    data: bytes | mmap.mmap
    mark: str
    word: struct.Struct
    stretches: tuple[MappedSegment, ...]
    patience: SearchBudget = field(default_factory=SearchBudget)

    @abstractmethod
    def pointer(self, address: int) -> int | None:
        """The address that the pointer at an address holds; 0 for a null pointer.

        Returns:
            None where the file has no bytes for it, some other number where it is no pointer.
        """

    @abstractmethod
    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address and that the program may change."""

    def offset(self, address: int) -> int | None:
        """Where the byte of an address lies in the file."""
        for stretch in self.stretches:
            if 0 <= address - stretch.address < stretch.size:
                return stretch.offset + address - stretch.address
        return None

    def address(self, offset: int) -> int | None:
        """Where a byte of the file lies in memory."""
        for stretch in self.stretches:
            if 0 <= offset - stretch.offset < stretch.size:
                return stretch.address + offset - stretch.offset
        return None

    def number(self, address: int) -> int | None:
        """The word that the file has at an address, whatever loading makes of it."""
        offset = self.offset(address)
        if offset is None or offset + self.word.size > len(self.data):
            return None
        (value,) = self.word.unpack_from(self.data, offset)
        return int(value)

    def occurrences(self, what: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
        """The offsets of some bytes in the file, as many as are looked at."""
        end = len(self.data) if end is None else end
        for _ in range(MOST_OCCURRENCES):
            if self.patience.left <= 0:
                return
            found = self.data.find(what, start, end)
            self.patience.left -= (found if found >= 0 else end) - start
            if found < 0:
                return
            yield found
            start = found + 1

    def writable_occurrences(self, what: bytes) -> Iterator[int]:
        """The addresses of some bytes, aligned as words are, among what a program may change.

        Nothing else can be a definition, whose fields change.
        """
        for stretch in self.stretches:
            if stretch.writable:
                for offset in self.occurrences(what, stretch.offset, stretch.offset + stretch.size):
                    address = stretch.address + offset - stretch.offset
                    if not address % self.word.size:
                        yield address

    def strings(self, what: bytes) -> Iterator[int]:
        """The offsets of some bytes where constants and variables lie.

        That is all that is mapped; but for the code where the linker gave constants a section of
        their own, for most of a large file is code, and all of it would be read from the disk.
        """
        without_overlaps = any(not each.executable and not each.writable for each in self.stretches)
        for stretch in self.stretches:
            if not (without_overlaps and stretch.executable):
                yield from self.occurrences(what, stretch.offset, stretch.offset + stretch.size)


def without_overlaps(stretches: Iterable[MappedSegment]) -> tuple[MappedSegment, ...]:
    """Order what is mapped by its position in the file, and leave out what overlaps.

    No linker has one byte mapped twice, and a file that does would be searched over and over.
    """
    kept: list[MappedSegment] = []
    for stretch in sorted(islice(stretches, _MOST_STRETCHES), key=lambda each: each.offset):
        if stretch.size and (not kept or kept[-1].offset + kept[-1].size <= stretch.offset):
            kept.append(stretch)
    return tuple(kept)


def searchable(data: bytes | memoryview | mmap.mmap) -> bytes | mmap.mmap:
    """Return the bytes of a whole file as what can be searched, which a view cannot."""
    if isinstance(data, memoryview):
        whole = data.obj
        same = isinstance(whole, bytes | mmap.mmap) and len(whole) == len(data)
        return whole if same and isinstance(whole, bytes | mmap.mmap) else bytes(data)
    return data
