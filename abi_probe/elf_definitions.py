"""Find the static `PyModuleDef` of each module in an ELF file, and read its slots.

What is known of it: its name is a string, whose address one pointer of the definition holds, and
ahead of that pointer lies an object header, which differs between builds with and without a GIL.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from abi_probe.elf_image import Image, Tag
from abi_probe.model import ModuleDefinition, ModuleSlot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_MODULES: Final = 32  # of one file; those with more are statically linked programs
_MOST_PLACES: Final = 64  # of a name, or of pointers to one place
_MOST_NAMES: Final = 128  # that are looked for pointers to, in one file
_MOST_SLOTS: Final = 64
_LONGEST_NAME: Final = 256
_NAME_BYTES: Final = (
    frozenset(b".")
    | frozenset(range(0x30, 0x3A))
    | {
        *range(0x41, 0x5B),
        *range(0x61, 0x7B),
        ord("_"),
    }
)
# Words ahead of `m_name`: reference count and type, then m_init, m_index, m_copy.
_GIL_HEADER: Final = 5
# Free-threaded: thread, flags with the local count, shared count, type, and the same three.
_FREE_THREADED_HEADER: Final = 7
_IMMORTAL_LOCAL: Final = 0xFFFFFFFF  # every static object's, `_Py_IMMORTAL_REFCNT_LOCAL`
_SLOTS_AFTER_NAME: Final = 4  # m_name, m_doc, m_size, m_methods, m_slots


def read_definitions(image: Image, stems: Iterable[str]) -> tuple[ModuleDefinition, ...]:
    """Read the definitions that lie in a file as they are, for some modules.

    Args:
        image: the file.
        stems: last parts of the modules' dotted names.

    Returns:
        At most one for each module. One whose definition is filled in at run time (pybind11), or
        bears a name of its own, has none.

    Source of the layouts: CPython's `Include/moduleobject.h` and `Include/object.h`, 3.5 to 3.15.
    """
    memory = _Memory.of(image)
    found: dict[str, ModuleDefinition] = {}
    names = (
        (stem, address)
        for stem in sorted(stems)[:_MOST_MODULES]
        for address in _name_addresses(memory, stem.encode("utf-8", "surrogateescape"))
        if stem not in found
    )
    for stem, address in islice(names, _MOST_NAMES):
        definition = _definition(memory, stem, address)
        if definition is not None:
            found.setdefault(stem, definition)
    return tuple(found.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Memory:
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
    def of(cls, image: Image) -> _Memory:
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
        for _ in range(_MOST_PLACES):
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


def _definition(memory: _Memory, stem: str, name: int) -> ModuleDefinition | None:
    """Read the definition that points to a name, None when none does."""
    for pointer in memory.pointers_to(name):
        free_threaded = _header(memory, pointer)
        if free_threaded is not None:
            slots = memory.pointer(pointer + _SLOTS_AFTER_NAME * memory.word.size)
            return ModuleDefinition(
                module=stem,
                free_threaded=free_threaded,
                slots=tuple(_slots(memory, slots)) if slots else None,
            )
    return None


def _name_addresses(memory: _Memory, stem: bytes) -> Iterator[int]:
    """The addresses of strings that may be the module's name, dotted or not."""
    for offset in islice(memory.strings(stem + b"\0"), _MOST_PLACES):
        starts = [offset]
        before = offset
        while before > max(offset - _LONGEST_NAME, 0) and memory.data[before - 1] in _NAME_BYTES:
            before -= 1
        if before < offset and memory.data[offset - 1 : offset] == b".":
            starts.append(before)
        elif before < offset:
            starts.pop()  # the end of another word; nobody points into it
        for start in starts:
            address = memory.address(start)
            if address is not None:
                yield address


def _header(memory: _Memory, name: int) -> bool | None:
    """Whether the header ahead of a pointer is a free-threaded build's; None when it is none."""
    size = memory.word.size
    words = [memory.number(name - ahead * size) for ahead in range(_FREE_THREADED_HEADER, 0, -1)]
    first, second, *rest = words
    tail = words[-_GIL_HEADER:]
    if tail[0] and tail[0] & 0xFFFFFFFF and not any(tail[1:]) and None not in tail:
        return False
    wide = size == 8  # noqa: PLR2004 - bytes of a word
    if wide and first == 0 and second is not None and not any(rest) and None not in rest:
        high = second >> 32 if memory.image.layout.byte_order == "little" else second & 0xFFFFFFFF
        return True if high == _IMMORTAL_LOCAL else None
    return None


def _slots(memory: _Memory, start: int) -> Iterator[ModuleSlot]:
    """The slots of an array that ends with 0."""
    number = struct.Struct(memory.image.layout.mark + "I")
    for place in range(start, start + 2 * _MOST_SLOTS * memory.word.size, 2 * memory.word.size):
        offset = memory.offset(place)
        value = memory.number(place + memory.word.size)
        if offset is None or value is None or offset + number.size > len(memory.data):
            return
        (kind,) = number.unpack_from(memory.data, offset)
        if kind == 0:
            return
        yield ModuleSlot(kind=kind, value=value)
