"""Look at an ELF file as it lies in memory once it is loaded."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abi_probe.elf.image import Image, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PLACES: Final = 64
"""Places of some bytes that are looked at: of a name, of pointers to one address, of a header."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """A file as it lies in memory once it is loaded, its own pointers set.

    Attributes:
        image: the file.
        data: its bytes, which can be searched.
        word: how an address is written.
        rela: where the table of relocations begins and ends in the file; both 0 for none. Other
            kinds of relocation leave the pointer where it belongs.
        record: of that table.
    """

    image: Image
    data: bytes | mmap.mmap
    word: struct.Struct
    rela: tuple[int, int]
    record: struct.Struct

    @classmethod
    def of(cls, image: Image) -> Memory:
        """Prepare an image."""
        whole = image.view.obj
        # A memoryview cannot be searched; what it is a view of can, when it shows all of it.
        if not isinstance(whole, bytes | mmap.mmap) or len(whole) != len(image.view):
            whole = bytes(image.view)
        wide = image.layout.bits == 64  # noqa: PLR2004 - a number of bits is its own name
        start = size = 0
        if Tag.RELA in image.dynamic:
            start, size = image.place(Tag.RELA), image.last(Tag.RELASZ)
        return cls(
            image=image,
            data=whole,
            word=struct.Struct(image.layout.mark + ("Q" if wide else "I")),
            rela=(start, min(start + size, len(image.view))),
            record=struct.Struct(image.layout.mark + ("QQq" if wide else "IIi")),
        )

    def offset(self, address: int) -> int | None:
        """Where the byte of an address lies in the file."""
        if address >> 8 * self.word.size:  # negative, or beyond all memory
            return None
        for segment in self.image.loaded():
            if 0 <= address - segment.address < segment.size:
                return segment.offset + address - segment.address
        return None

    def address(self, offset: int) -> int | None:
        """Where a byte of the file lies in memory."""
        for segment in self.image.loaded():
            if 0 <= offset - segment.offset < segment.size:
                return segment.address + offset - segment.offset
        return None

    def number(self, address: int) -> int | None:
        """The word that the file has at an address, whatever a relocation makes of it."""
        offset = self.offset(address)
        if offset is None or offset + self.word.size > len(self.data):
            return None
        (value,) = self.word.unpack_from(self.data, offset)
        return int(value)

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds once the file is loaded; 0 for a null pointer."""
        if self.offset(address) is None:
            return None
        for start in self._records(self.word.pack(address), field=0):
            _, info, addend = self.record.unpack_from(self.data, start)
            shift = 32 if self.word.size == 8 else 8  # noqa: PLR2004 - bytes of a word
            return self._symbol(int(info) >> shift) + int(addend)
        return self.number(address)

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address once the file is loaded."""
        if self.offset(address) is None:
            return
        packed = self.word.pack(address)
        for start in self._records(packed, field=2):
            place, _, _ = self.record.unpack_from(self.data, start)
            yield int(place)
        for segment in self.image.loaded():
            if segment.writable:  # else no definition, whose fields change, can lie there
                end = segment.offset + segment.size
                for offset in self.places(packed, segment.offset, end):
                    if not offset % self.word.size:
                        yield segment.address + offset - segment.offset

    def places(self, what: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
        """The offsets of some bytes in the file, as many as are looked at."""
        for _ in range(MOST_PLACES):
            start = self.data.find(what, start, len(self.data) if end is None else end)
            if start < 0:
                return
            yield start
            start += 1

    def strings(self, what: bytes) -> Iterator[int]:
        """The offsets of some bytes where constants and variables lie.

        That is all that is loaded; but for the code where the linker gave constants a segment of
        their own, for most of a large file is code, and all of it would be read from the disk.
        """
        loaded = tuple(self.image.loaded())
        apart = any(not each.executable and not each.writable for each in loaded)
        for segment in loaded:
            if not (apart and segment.executable):
                yield from self.places(what, segment.offset, segment.offset + segment.size)

    def _records(self, packed: bytes, field: int) -> Iterator[int]:
        """The offsets of the relocations one of whose fields is some word."""
        first, end = self.rela
        for offset in self.places(packed, first, end):
            record, place = divmod(offset - first, self.record.size)
            start = first + record * self.record.size
            if place == field * self.word.size and start + self.record.size <= end:
                yield start

    def _symbol(self, index: int) -> int:
        """The address of a symbol of the file's own, 0 for symbol 0."""
        if not index:
            return 0
        table = self.image.layout.symbol
        start = self.image.place(Tag.SYMTAB) + index * table.size
        fields = self.image.unpack(table, start, "symbol of a relocation")
        return int(fields[4 if self.word.size == 8 else 1])  # noqa: PLR2004 - bytes of a word
