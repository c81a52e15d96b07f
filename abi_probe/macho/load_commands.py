"""Read the header and the load commands of one Mach-O image."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe.address_space import MappedSegment
from abi_probe.bounded_view import as_text
from abi_probe.errors import NotABinaryError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from abi_probe.bounded_view import BoundedView

_MAX_COMMANDS_SIZE: Final = 1 << 20  # bytes; a large program's are some 10 kB
_MAX_PATH: Final = 4096

# Byte order and bits by the first four bytes of the file.
_MAGICS: Final = {
    bytes.fromhex("feedface"): (">", 32),
    bytes.fromhex("cefaedfe"): ("<", 32),
    bytes.fromhex("feedfacf"): (">", 64),
    bytes.fromhex("cffaedfe"): ("<", 64),
}


class FileType(IntEnum):
    """What an image is (`MH_...` in `mach-o/loader.h`), where it matters."""

    PROGRAM = 2
    DYLIB = 6
    BUNDLE = 8
    DYLIB_STUB = 9
    DSYM = 10


class _Command(IntEnum):
    """The load commands that are looked at (`LC_...`)."""

    SEGMENT = 0x1
    SYMTAB = 0x2
    LOAD_DYLIB = 0xC
    ID_DYLIB = 0xD
    LOAD_WEAK_DYLIB = 0x80000018
    SEGMENT_64 = 0x19
    RPATH = 0x8000001C
    REEXPORT_DYLIB = 0x8000001F
    LAZY_LOAD_DYLIB = 0x20
    DYLD_INFO = 0x22
    DYLD_INFO_ONLY = 0x80000022
    LOAD_UPWARD_DYLIB = 0x80000023
    VERSION_MIN_MACOSX = 0x24
    BUILD_VERSION = 0x32
    DYLD_EXPORTS_TRIE = 0x80000033
    DYLD_CHAINED_FIXUPS = 0x80000034


# Whether the image fails to load without the library.
_DYLIBS: Final[Mapping[int, bool]] = {
    _Command.LOAD_DYLIB: True,
    _Command.REEXPORT_DYLIB: True,
    _Command.LOAD_UPWARD_DYLIB: True,
    _Command.LOAD_WEAK_DYLIB: False,
    _Command.LAZY_LOAD_DYLIB: False,
}
# A `dylib_use_command` says so in flags of its own, after this mark in the timestamp's place.
_USE_MARK: Final = 0x1A741800
_USE_SIZE: Final = 28
_USE_WEAK_OR_DELAYED: Final = 0x1 | 0x8
_MACOS: Final = 1  # PLATFORM_MACOS

# The link data that has a command of its own, and what the older command calls it.
_PARTS: Final[Mapping[int, str]] = {
    _Command.DYLD_EXPORTS_TRIE: "export",
    _Command.DYLD_CHAINED_FIXUPS: "chained",
}
_INFO_PARTS: Final = ("rebase", "bind", "weak_bind", "lazy_bind", "export")


class Dylib(Struct, frozen=True, kw_only=True):
    """A library that an image names.

    Attributes:
        path: as written, `@rpath/libx.dylib`.
        required: the image does not load without it; not so for a weak or a late one.
    """

    path: str
    required: bool


class SymbolTable(Struct, frozen=True, kw_only=True):
    """Where LC_SYMTAB says that the symbols and their names are."""

    symbols: int
    count: int
    strings: int
    strings_size: int


class Commands(Struct, kw_only=True):
    """What the load commands of an image say. Filled while they are read, then left alone.

    Attributes:
        dylibs: in the order that library ordinals count, from 1.
        soname: LC_ID_DYLIB; None in anything but a library.
        rpaths: LC_RPATH, in order.
        minimum_os: lowest macOS as numbers, (11, 0); None when it is not given or not for macOS.
        symbols: None without an LC_SYMTAB.
        parts: offset and size of the loader's tables in the image, by `bind`, `weak_bind`,
            `lazy_bind`, `export`, `chained`; only those that are not empty.
        sections: what is mapped from the file, their offsets counted from the file's beginning.
        base: the address that the header is mapped to.
    """

    dylibs: list[Dylib] = field(default_factory=list)
    soname: str | None = None
    rpaths: list[str] = field(default_factory=list)
    minimum_os: tuple[int, ...] | None = None
    symbols: SymbolTable | None = None
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)
    sections: list[MappedSegment] = field(default_factory=list)
    base: int = 0


class MachoImage(Struct, frozen=True, kw_only=True):
    """One image, thin or a slice of a fat file.

    Attributes:
        window: its bytes.
        order: `<` or `>`.
        bits: 32 or 64.
        cpu: type and subtype, without the subtype's feature bits.
        filetype: a `FileType`, or any other number.
        flags: of the header.
        commands: all that follows the header.
    """

    window: BoundedView
    order: str
    bits: int
    cpu: tuple[int, int]
    filetype: int
    flags: int
    commands: Commands


def read_image(window: BoundedView) -> MachoImage:
    """Read the header and the load commands.

    Raises:
        NotABinaryError: the window does not begin as an image does.
        UnreadableError: it is cut off or contradicts itself.
    """
    known = _MAGICS.get(window.read(0, min(4, window.size), "magic"))
    if known is None:
        raise NotABinaryError("no Mach-O header")
    order, bits = known
    header = struct.Struct(order + ("7I" if bits == 32 else "7I4x"))  # noqa: PLR2004  32 bits
    _, cpu, subtype, filetype, count, size, flags = window.unpack(header, 0, "Mach-O header")
    if size > _MAX_COMMANDS_SIZE:
        raise UnreadableError(f"load commands of {size} bytes")
    data = window.read(header.size, size, "load commands")
    commands = Commands()
    for kind, body in _split(data, count, order):
        _note(commands, kind, body, order)
        if kind in _SEGMENTS and filetype not in {FileType.DSYM, FileType.DYLIB_STUB}:
            _note_segment(commands, window, body, _SEGMENTS[kind], order)
    return MachoImage(
        window=window,
        order=order,
        bits=bits,
        cpu=(cpu, subtype & 0x00FFFFFF),
        filetype=filetype,
        flags=flags,
        commands=commands,
    )


def _split(data: bytes, count: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Each load command: its kind, and all its bytes."""
    head = struct.Struct(order + "II")
    at = 0
    for index in range(count):
        if at + head.size > len(data):
            raise UnreadableError(f"truncated: load command {index} of {count}")
        kind, size = head.unpack_from(data, at)
        if size < head.size or at + size > len(data):
            raise UnreadableError(f"load command {index} is {size} bytes long")
        yield kind, data[at : at + size]
        at += size


def _note(commands: Commands, kind: int, body: bytes, order: str) -> None:
    """Add what one load command says."""
    match kind:
        case _Command.ID_DYLIB:
            commands.soname = _path(body, order)
        case _Command.RPATH:
            commands.rpaths.append(_path(body, order))
        case _Command.SYMTAB:
            symbols, number, strings, size = _numbers(body, order, "4I")
            commands.symbols = SymbolTable(
                symbols=symbols, count=number, strings=strings, strings_size=size
            )
        case _Command.DYLD_INFO | _Command.DYLD_INFO_ONLY:
            numbers = _numbers(body, order, "10I")
            for name, offset, size in zip(_INFO_PARTS, numbers[::2], numbers[1::2], strict=True):
                _note_part(commands, name, offset, size)
        case _ if kind in _PARTS:
            _note_part(commands, _PARTS[kind], *_numbers(body, order, "2I"))
        case _Command.VERSION_MIN_MACOSX | _Command.BUILD_VERSION:
            commands.minimum_os = _macos(kind, body, order) or commands.minimum_os
        case _ if kind in _DYLIBS:
            required = _DYLIBS[kind] and not _used_late(body, order)
            commands.dylibs.append(Dylib(path=_path(body, order), required=required))
        case _:
            pass  # of no concern here


def _note_part(commands: Commands, name: str, offset: int, size: int) -> None:
    if size:
        commands.parts[name] = (offset, size)


def _numbers(body: bytes, order: str, layout: str) -> tuple[int, ...]:
    """The numbers behind a command's kind and size."""
    record = struct.Struct(order + "8x" + layout)
    if len(body) < record.size:
        raise UnreadableError(f"load command of {len(body)} bytes where {record.size} belong")
    return record.unpack_from(body)


def _path(body: bytes, order: str) -> str:
    """The path that a command holds at an offset of its own."""
    (start,) = _numbers(body, order, "I")
    path = body[start:].partition(b"\0")[0]
    if start >= len(body) or len(path) > _MAX_PATH:
        raise UnreadableError(f"path at {start} of a load command of {len(body)} bytes")
    return as_text(path)


def _used_late(body: bytes, order: str) -> bool:
    start, mark = _numbers(body, order, "2I")
    if start != _USE_SIZE or mark != _USE_MARK or len(body) < _USE_SIZE:
        return False
    return bool(_numbers(body, order, "5I")[-1] & _USE_WEAK_OR_DELAYED)


def _macos(kind: int, body: bytes, order: str) -> tuple[int, ...] | None:
    """The lowest macOS, its last number left out when it is zero; None for another system."""
    if kind == _Command.BUILD_VERSION:
        platform, packed = _numbers(body, order, "2I")
        if platform != _MACOS:
            return None
    else:
        (packed,) = _numbers(body, order, "I")
    major, minor, patch = packed >> 16, packed >> 8 & 0xFF, packed & 0xFF
    return (major, minor, patch) if patch else (major, minor)


class _SegmentLayout(Struct, frozen=True, kw_only=True):
    """How a segment's width lays its records out.

    Attributes:
        segment: address, offset and size in the file, protection, number of sections.
        section: of those that follow: address, size, offset, flags.
    """

    segment: str
    section: str


_SEGMENTS: Final[Mapping[int, _SegmentLayout]] = {
    _Command.SEGMENT: _SegmentLayout(segment="8x16xI4xII4xII4x", section="32xIII12xI8x"),
    _Command.SEGMENT_64: _SegmentLayout(segment="8x16xQ8xQQ4xII4x", section="32xQQI12xI12x"),
}
_WRITE: Final = 0x2  # VM_PROT_WRITE
_CODE: Final = 0x80000400  # S_ATTR_PURE_INSTRUCTIONS, S_ATTR_SOME_INSTRUCTIONS
_SECTION_TYPE: Final = 0xFF
_WITHOUT_BYTES: Final = frozenset({0x1, 0xC, 0x12})  # S_ZEROFILL and its kin


def _note_segment(
    commands: Commands, window: BoundedView, body: bytes, layout: _SegmentLayout, order: str
) -> None:
    """Add the sections of a segment.

    Raises:
        UnreadableError: the segment reaches past the end of the image, or its command is cut off.
    """
    record = struct.Struct(order + layout.segment)
    if len(body) < record.size:
        raise UnreadableError(f"segment command of {len(body)} bytes")
    address, offset, size, protection, count = record.unpack_from(body)
    if offset + size > window.size:
        raise UnreadableError(f"truncated: a segment ends at {offset + size} of {window.size}")
    if size and not offset:
        commands.base = address
    entry = struct.Struct(order + layout.section)
    for index in range(min(count, (len(body) - record.size) // entry.size)):
        start = record.size + index * entry.size
        address, size, offset, flags = entry.unpack_from(body, start)
        if flags & _SECTION_TYPE not in _WITHOUT_BYTES and offset + size <= window.size:
            commands.sections.append(
                MappedSegment(
                    offset=window.start + offset,
                    address=address,
                    size=size,
                    writable=bool(protection & _WRITE),
                    executable=bool(flags & _CODE),
                )
            )
