"""Read the parts of an ELF file that its dynamic loader reads first.

They are the header, the program headers and the dynamic section: the section table is not looked
at, for a stripped file has none and one that lies about its sections still loads.
Source of the layout: the System V gABI and glibc's `elf.h`.

Nothing in the file is trusted. Every read is checked against the file's end, every list has an
end of its own and every string a greatest length.
"""

from __future__ import annotations

import struct
from array import array
from enum import IntEnum
from sys import byteorder
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"\x7fELF"

_IDENT_SIZE: Final = 16
_VERSION_AT: Final = 6
_SYSTEM_AT: Final = 7
_MAX_SEGMENTS: Final = 1024
_MAX_DYNAMIC_ENTRIES: Final = 2048  # a program of 100 libraries has 150
_MAX_STRING: Final = 4096  # PATH_MAX; names in C are far shorter
_PT_LOAD: Final = 1
_PT_DYNAMIC: Final = 2
_PT_INTERP: Final = 3
_PT_TLS: Final = 7
_PT_GNU_PROPERTY: Final = 0x6474E553
_PT_GNU_STACK: Final = 0x6474E551
_PF_X: Final = 1
_PF_W: Final = 2


class ElfType(IntEnum):
    """What an ELF file is for (`e_type`)."""

    PROGRAM = 2
    SHARED = 3


class DynamicTag(IntEnum):
    """The entries of the dynamic section that are looked at."""

    NULL = 0
    NEEDED = 1
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    RELA = 7
    RELASZ = 8
    STRSZ = 10
    SONAME = 14
    RPATH = 15
    RUNPATH = 29
    FLAGS = 30
    GNU_HASH = 0x6FFFFEF5
    VERSYM = 0x6FFFFFF0
    FLAGS_1 = 0x6FFFFFFB
    VERDEF = 0x6FFFFFFC
    VERDEFNUM = 0x6FFFFFFD
    VERNEED = 0x6FFFFFFE
    VERNEEDNUM = 0x6FFFFFFF
    MIPS_SYMTABNO = 0x70000011
    FILTER = 0x7FFFFFFF


class ElfLayout(Struct, frozen=True, kw_only=True):
    """How one class and byte order lays its records out.

    Attributes:
        bits: 32 or 64.
        byte_order: `little` or `big`.
        mark: the same for `struct`, `<` or `>`.
        header: what follows `e_ident`.
        segment: a program header.
        segment_fields: where its type, offset, address, sizes in the file and in memory, and flags
            stand.
        dynamic: an entry of the dynamic section.
        symbol: an entry of the symbol table, which begins with its name in either class.
        symbol_fields: where info, other and section index stand.
    """

    bits: int
    byte_order: str
    mark: str
    header: struct.Struct
    segment: struct.Struct
    segment_fields: tuple[int, int, int, int, int, int]
    dynamic: struct.Struct
    symbol: struct.Struct
    symbol_fields: tuple[int, int, int]


def _layout(bits: int, byte_order: str) -> ElfLayout:
    mark = "<" if byte_order == "little" else ">"
    wide = bits == 64  # noqa: PLR2004  a number of bits is its own name
    return ElfLayout(
        bits=bits,
        byte_order=byte_order,
        mark=mark,
        header=struct.Struct(mark + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")),
        segment=struct.Struct(mark + ("IIQQQQQQ" if wide else "IIIIIIII")),
        segment_fields=(0, 2, 3, 5, 6, 1) if wide else (0, 1, 2, 4, 5, 6),
        dynamic=struct.Struct(mark + ("qQ" if wide else "iI")),
        symbol=struct.Struct(mark + ("IBBHQQ" if wide else "IIIBBH")),
        symbol_fields=(1, 2, 3) if wide else (3, 4, 5),
    )


_LAYOUTS: Final = {
    (ident_class, ident_data): _layout(bits, byte_order)
    for ident_class, bits in ((1, 32), (2, 64))
    for ident_data, byte_order in ((1, "little"), (2, "big"))
}


class Segment(Struct, frozen=True, kw_only=True):
    """A program header: `size` bytes at `offset` of the file, at `address` in `memory` bytes."""

    kind: int
    offset: int
    address: int
    size: int
    memory: int
    writable: bool
    executable: bool


class ElfImage(Struct, frozen=True, kw_only=True):
    """An ELF file, as far as its dynamic section leads.

    Attributes:
        view: the whole file.
        layout: its class and byte order.
        kind: `e_type`, a `ElfType` for what can be loaded or run.
        machine: `e_machine`.
        system: whose conventions it follows (`EI_OSABI`): 0 for all, 3 for Linux.
        segments: its program headers.
        dynamic: values of the dynamic section by tag; empty where there is none.
        strings: the dynamic string table, which ends with a NUL; empty as above.
    """

    view: memoryview
    layout: ElfLayout
    kind: int
    machine: int
    system: int
    segments: tuple[Segment, ...]
    dynamic: dict[int, list[int]]
    strings: memoryview

    def loaded(self) -> Iterator[Segment]:
        """The segments that are mapped into memory."""
        return (segment for segment in self.segments if segment.kind == _PT_LOAD)

    def asks_for_executable_stack(self) -> bool | None:
        """Whether it wants to run code on the stack; None where it does not say."""
        for segment in self.segments:
            if segment.kind == _PT_GNU_STACK:
                return segment.executable
        return None

    def thread_memory(self) -> int:
        """How many bytes each thread has of it."""
        return sum(segment.memory for segment in self.segments if segment.kind == _PT_TLS)

    def properties(self) -> bytes:
        """The note of what it asks of a processor; empty where there is none."""
        for segment in self.segments:
            if segment.kind == _PT_GNU_PROPERTY:
                return bytes(_cut(self.view, segment.offset, segment.size, "properties"))
        return b""

    def last(self, tag: DynamicTag) -> int:
        """The value of an entry that should stand once, 0 when it does not; the last one wins."""
        return self.dynamic[tag][-1] if tag in self.dynamic else 0

    def text(self, tag: DynamicTag) -> str | None:
        """The string that an entry names, None where there is no such entry."""
        return self.string(self.last(tag)) if tag in self.dynamic else None

    def string(self, start: int) -> str:
        """The string at an offset of the dynamic string table."""
        return read_string(self.strings, start)

    def offset_of(self, tag: DynamicTag) -> int:
        """The file offset of the table that an entry gives the address of."""
        return _offset_of(self.segments, self.last(tag), tag)

    def unpack(self, form: struct.Struct, start: int, what: str) -> tuple[int, ...]:
        """Read one record at a file offset."""
        return _unpack(form, self.view, start, what)

    def rows(
        self, form: struct.Struct, start: int, count: int, what: str
    ) -> Iterator[tuple[int, ...]]:
        """Read records that follow each other from a file offset on."""
        return _unpack_many(form, self.view, start, count, what)

    def words(self, start: int, count: int, what: str) -> array[int]:
        """Read numbers of four bytes at a file offset."""
        return self.words_of(_cut(self.view, start, 4 * count, what))

    def words_of(self, data: memoryview) -> array[int]:
        """Read all of some bytes as numbers of four bytes."""
        words = array("I", data.tobytes())
        if byteorder != self.layout.byte_order:
            words.byteswap()
        return words

    def interpreter(self) -> str | None:
        """The loader that a program asks for; None in a library."""
        for segment in self.segments:
            if segment.kind == _PT_INTERP:
                name = _cut(self.view, segment.offset, segment.size, "loader's name")
                return read_string(name, 0)
        return None


def open_image(view: memoryview) -> ElfImage:
    """Read header, program headers and dynamic section.

    Args:
        view: the whole file, which begins with `MAGIC`.

    Raises:
        UnreadableError: it is cut off or contradicts itself.
    """
    layout = _LAYOUTS.get((view[4], view[5])) if len(view) >= _IDENT_SIZE else None
    if layout is None:
        raise UnreadableError("ELF header without class or byte order at offset 4")
    if view[_VERSION_AT] != 1:
        raise UnreadableError(f"ELF header of version {view[_VERSION_AT]}")
    header = _unpack(layout.header, view, _IDENT_SIZE, "ELF header")
    kind, machine = header[:2]
    segments = _segments(view, layout, start=header[4], each=header[8], count=header[9])
    dynamic = _dynamic(view, layout, segments) if kind in tuple(ElfType) else {}
    return ElfImage(
        view=view,
        layout=layout,
        kind=kind,
        machine=machine,
        system=view[_SYSTEM_AT],
        segments=segments,
        dynamic=dynamic,
        strings=_strings(view, segments, dynamic),
    )


def read_string(strings: memoryview, start: int) -> str:
    """Read a string of a table.

    Raises:
        UnreadableError: it begins or ends outside of the table, or is too long for any name.
    """
    text, end, _ = bytes(strings[start : start + _MAX_STRING]).partition(b"\0")
    if not end:
        raise UnreadableError(f"a name without an end at {start} of {len(strings)} bytes of names")
    return text.decode("utf-8", "surrogateescape")


def _segments(
    view: memoryview, layout: ElfLayout, *, start: int, each: int, count: int
) -> tuple[Segment, ...]:
    if count and each != layout.segment.size:
        raise UnreadableError(f"program headers of {each} bytes each at offset {start}")
    if count > _MAX_SEGMENTS:
        raise UnreadableError(f"{count} program headers at offset {start}")
    kind, offset, address, size, memory, flags = layout.segment_fields
    rows = _unpack_many(layout.segment, view, start, count, "program headers")
    segments = tuple(
        Segment(
            kind=row[kind],
            offset=row[offset],
            address=row[address],
            size=row[size],
            memory=row[memory],
            writable=bool(row[flags] & _PF_W),
            executable=bool(row[flags] & _PF_X),
        )
        for row in rows
    )
    for segment in segments:
        end = segment.offset + segment.size
        if segment.kind == _PT_LOAD and end > len(view):
            raise UnreadableError(f"truncated: a segment ends at offset {end} of {len(view)}")
    return segments


def _dynamic(
    view: memoryview, layout: ElfLayout, segments: tuple[Segment, ...]
) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    section = next((each for each in segments if each.kind == _PT_DYNAMIC and each.size), None)
    if section is None:
        return found
    count = min(section.size // layout.dynamic.size, _MAX_DYNAMIC_ENTRIES)
    rows = _unpack_many(layout.dynamic, view, section.offset, count, "dynamic section")
    for tag, value in rows:
        if tag == DynamicTag.NULL:
            return found
        found.setdefault(tag, []).append(value)
    raise UnreadableError(f"dynamic section without an end at offset {section.offset}")


def _strings(
    view: memoryview, segments: tuple[Segment, ...], dynamic: dict[int, list[int]]
) -> memoryview:
    if DynamicTag.STRTAB not in dynamic:
        return view[:0]
    start = _offset_of(segments, dynamic[DynamicTag.STRTAB][-1], DynamicTag.STRTAB)
    table = _cut(view, start, dynamic.get(DynamicTag.STRSZ, [0])[-1], "string table")
    if not table or table[-1]:
        raise UnreadableError(f"string table without an end at offset {start}")
    return table


def _offset_of(segments: tuple[Segment, ...], address: int, tag: DynamicTag) -> int:
    for segment in segments:
        ahead = address - segment.address
        if segment.kind == _PT_LOAD and 0 <= ahead < segment.size:
            return segment.offset + ahead
    raise UnreadableError(f"{tag.name} at address {address:#x}, which no segment holds")


def _cut(view: memoryview, start: int, size: int, what: str) -> memoryview:
    if start + size > len(view):
        raise UnreadableError(f"truncated: {what} of {size} bytes at offset {start} of {len(view)}")
    return view[start : start + size]


def _unpack(form: struct.Struct, view: memoryview, start: int, what: str) -> tuple[int, ...]:
    return form.unpack(_cut(view, start, form.size, what))


def _unpack_many(
    form: struct.Struct, view: memoryview, start: int, count: int, what: str
) -> Iterator[tuple[int, ...]]:
    return form.iter_unpack(_cut(view, start, count * form.size, what))
