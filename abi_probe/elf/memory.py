"""Look at an ELF file as it lies in memory once it is loaded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abi_probe.elf.image import Image, Tag
from abi_probe.memory import Memory, Stretch, apart, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfMemory(Memory):
    """An ELF file as it lies in memory once it is loaded.

    Attributes:
        image: the file.
        rela: where the table of relocations begins and ends in the file; both 0 for none. Other
            kinds of relocation leave the pointer where it belongs.
        record: of that table.
    """

    image: Image
    rela: tuple[int, int]
    record: struct.Struct

    @classmethod
    def of(cls, image: Image) -> ElfMemory:
        """Prepare an image."""
        wide = image.layout.bits == 64  # noqa: PLR2004 - a number of bits is its own name
        start = size = 0
        if Tag.RELA in image.dynamic:
            start, size = image.place(Tag.RELA), image.last(Tag.RELASZ)
        stretches = (
            Stretch(
                offset=each.offset,
                address=each.address,
                size=each.size,
                writable=each.writable,
                executable=each.executable,
            )
            for each in image.loaded()
        )
        return cls(
            image=image,
            data=searchable(image.view),
            mark=image.layout.mark,
            word=struct.Struct(image.layout.mark + ("Q" if wide else "I")),
            stretches=apart(stretches),
            rela=(start, min(start + size, len(image.view))),
            record=struct.Struct(image.layout.mark + ("QQq" if wide else "IIi")),
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds; 0 for one to another library's symbol too."""
        if self.offset(address) is None:
            return None
        for start in self._records(self.word.pack(address), field=0):
            _, info, addend = self.record.unpack_from(self.data, start)
            shift = 32 if self.word.size == 8 else 8  # noqa: PLR2004 - bytes of a word
            return self._symbol(int(info) >> shift) + int(addend)
        return self.number(address)

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        if self.offset(address) is None:
            return
        packed = self.word.pack(address)
        for start in self._records(packed, field=2):
            place, _, _ = self.record.unpack_from(self.data, start)
            yield int(place)
        yield from self.writable_places(packed)

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
