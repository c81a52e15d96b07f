"""Look at an ELF file as it lies in memory once it is loaded."""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abi_probe.address_space import AddressSpace, MappedSegment, searchable, without_overlaps
from abi_probe.elf.image import DynamicTag, ElfImage

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator


_AT_ONCE: Final = 4096  # relocations that are copied to look at them


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedRelocations:
    """Where the relocations at the beginning of a table apply, as far as these addresses rise.

    Those are nearly all: linkers put the relative ones first, and order them.
    """

    data: bytes | mmap.mmap
    record: struct.Struct
    start: int
    count: int

    def __len__(self) -> int:
        """How many there are."""
        return self.count

    def __getitem__(self, index: int) -> int:
        """Return one address."""
        return int(self.record.unpack_from(self.data, self.start + index * self.record.size)[0])


def _count_rising(data: bytes | mmap.mmap, record: struct.Struct, start: int, end: int) -> int:
    """Return how many relocations from the first on apply at rising addresses."""
    count, last = 0, -1
    step = _AT_ONCE * record.size
    for first in range(start, end, step):
        some = data[first : min(first + step, end)]
        for location, _, _ in record.iter_unpack(some[: len(some) // record.size * record.size]):
            if location <= last:
                return count
            count, last = count + 1, location
    return count


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfAddressSpace(AddressSpace):
    """An ELF file as it lies in memory once it is loaded.

    Attributes:
        image: the file.
        rela: where the table of relocations begins and ends in the file; both 0 for none. Other
            kinds of relocation leave the pointer where it belongs.
        record: of that table.
        rising: where the first relocations of that table apply.
    """

    image: ElfImage
    rela: tuple[int, int]
    record: struct.Struct
    rising: SortedRelocations

    @classmethod
    def of(cls, image: ElfImage) -> ElfAddressSpace:
        """Prepare an image."""
        wide = image.layout.bits == 64  # noqa: PLR2004 - a number of bits is its own name
        start = size = 0
        if DynamicTag.RELA in image.dynamic:
            start, size = image.offset_of(DynamicTag.RELA), image.last(DynamicTag.RELASZ)
        stretches = (
            MappedSegment(
                offset=each.offset,
                address=each.address,
                size=each.size,
                writable=each.writable,
                executable=each.executable,
            )
            for each in image.loaded()
        )
        data = searchable(image.view)
        rela = (start, min(start + size, len(image.view)))
        record = struct.Struct(image.layout.mark + ("QQq" if wide else "IIi"))
        count = _count_rising(data, record, *rela)
        return cls(
            image=image,
            data=data,
            mark=image.layout.mark,
            word=struct.Struct(image.layout.mark + ("Q" if wide else "I")),
            stretches=without_overlaps(stretches),
            rela=rela,
            record=record,
            rising=SortedRelocations(data=data, record=record, start=start, count=count),
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds; 0 for one to another library's symbol too."""
        if self.offset(address) is None:
            return None
        for start in self._at(address):
            _, info, addend = self.record.unpack_from(self.data, start)
            shift = 32 if self.word.size == 8 else 8  # noqa: PLR2004 - bytes of a word
            return self._symbol(int(info) >> shift) + int(addend)
        return self.number(address)

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        if self.offset(address) is None:
            return
        packed = self.word.pack(address)
        for start in self._records(packed, 2, *self.rela):
            location, _, _ = self.record.unpack_from(self.data, start)
            yield int(location)
        yield from self.writable_occurrences(packed)

    def _at(self, address: int) -> Iterator[int]:
        """The offsets of the relocations that apply at an address."""
        index = bisect_left(self.rising, address)
        if index < self.rising.count and self.rising[index] == address:
            yield self.rising.start + index * self.record.size
        rest = self.rising.start + self.rising.count * self.record.size
        yield from self._records(self.word.pack(address), 0, rest, self.rela[1])

    def _records(self, packed: bytes, field: int, first: int, end: int) -> Iterator[int]:
        """The offsets of the relocations one of whose fields is some word."""
        for offset in self.occurrences(packed, first, end):
            record, location = divmod(offset - first, self.record.size)
            start = first + record * self.record.size
            if location == field * self.word.size and start + self.record.size <= end:
                yield start

    def _symbol(self, index: int) -> int:
        """The address of a symbol of the file's own, 0 for symbol 0."""
        if not index:
            return 0
        table = self.image.layout.symbol
        start = self.image.offset_of(DynamicTag.SYMTAB) + index * table.size
        fields = self.image.unpack(table, start, "symbol of a relocation")
        return int(fields[4 if self.word.size == 8 else 1])  # noqa: PLR2004 - bytes of a word
