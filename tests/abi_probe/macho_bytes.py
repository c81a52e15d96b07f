"""Assemble small Mach-O files for tests."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ARM64: Final = 0x0100000C
X86_64: Final = 0x01000007
PPC: Final = 18

_INFO: Final = ("rebase", "bind", "weak_bind", "lazy_bind", "export")
_OWN_COMMANDS: Final = {"trie": 0x80000033, "chained": 0x80000034}


def text_command(kind: int, text: str, order: str = "<", fixed: bytes = bytes(12)) -> bytes:
    """A load command that holds a path, after `fixed` bytes of other fields."""
    body = text.encode() + b"\0"
    body += bytes(-len(body) % 8)
    start = 12 + len(fixed)
    return struct.pack(order + "III", kind, start + len(body), start) + fixed + body


def number_command(kind: int, *numbers: int, order: str = "<") -> bytes:
    """A load command of 32-bit numbers."""
    return struct.pack(f"{order}II{len(numbers)}I", kind, 8 + 4 * len(numbers), *numbers)


def dylib(path: str, kind: int = 0xC, order: str = "<") -> bytes:
    """LC_LOAD_DYLIB, or one of its kin."""
    return text_command(kind, path, order)


def macho(  # noqa: PLR0913  a test names the few that it is about
    *commands: bytes,
    order: str = "<",
    bits: int = 64,
    cpu: int = ARM64,
    subtype: int = 0,
    filetype: int = 8,
    flags: int = 0x80,
    count: int | None = None,
    symbols: bytes = b"",
    strings: bytes = b"\0",
    **parts: bytes,
) -> bytes:
    """A thin file: header, the commands given, then a command for each part, then the parts.

    Args:
        commands: whole load commands.
        order: `<` or `>`.
        bits: 32 or 64.
        cpu: CPU type.
        subtype: CPU subtype.
        filetype: 8 for a bundle.
        flags: 0x80 for two-level names.
        count: number of commands to claim; None for the true one.
        symbols: entries of LC_SYMTAB; no such command when empty.
        strings: its names.
        parts: link data by name, `bind`, `weak_bind`, `lazy_bind`, `export` (in LC_DYLD_INFO_ONLY),
            `trie`, `chained` (in commands of their own).
    """
    magic = {32: 0xFEEDFACE, 64: 0xFEEDFACF}[bits]
    header = struct.pack(order + "I", magic)
    info = [name for name in _INFO if name in parts]
    own = [name for name in _OWN_COMMANDS if name in parts]
    size = sum(map(len, commands)) + 48 * bool(info) + 16 * len(own) + 24 * bool(symbols)
    data_at = (28 if bits == 32 else 32) + size
    blob = b""
    locations = {}
    for name in (*info, *own):
        locations[name] = (data_at + len(blob), len(parts[name]))
        blob += parts[name]
    made = list(commands)
    if info:
        numbers = [number for name in _INFO for number in locations.get(name, (0, 0))]
        made.append(number_command(0x80000022, *numbers, order=order))
    made += [number_command(_OWN_COMMANDS[name], *locations[name], order=order) for name in own]
    if symbols:
        at = data_at + len(blob)
        entries = len(symbols) // (12 if bits == 32 else 16)
        made.append(number_command(2, at, entries, at + len(symbols), len(strings), order=order))
        blob += symbols + strings
    header += struct.pack(
        order + "6I", cpu, subtype, filetype, len(made) if count is None else count, size, flags
    )
    return header + bytes(0 if bits == 32 else 4) + b"".join(made) + blob


def fat(*slices: bytes, cpus: Sequence[int] = (X86_64, ARM64), wide: bool = False) -> bytes:
    """A fat file of slices, with 64-bit records when `wide`."""
    record = struct.Struct(">IIQQII" if wide else ">IIIII")
    at = 8 + record.size * len(slices)
    head = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices))
    for cpu, part in zip(cpus, slices, strict=True):
        head += record.pack(cpu, 0, at, len(part), 0, *([0] if wide else []))
        at += len(part)
    return head + b"".join(slices)


def bind(name: str, library: int = 1, *, weak: bool = False) -> bytes:
    """Bind instructions for one name from one library, a negative one for a special place."""
    ordinal = 0x30 | (library & 0x0F) if library <= 0 else 0x10 | library
    return bytes((ordinal, 0x40 | weak)) + name.encode() + b"\0\x51\x72\x10\x90"


def uleb2(number: int) -> bytes:
    """A ULEB128 number of two bytes, however small."""
    return bytes((0x80 | number & 0x7F, number >> 7))


def trie(*names: str) -> bytes:
    """An export trie with an edge for each name, from the root."""
    size = 2 + sum(len(name) + 3 for name in names)
    root = bytes((0, len(names)))
    for index, name in enumerate(names):
        root += name.encode() + b"\0" + uleb2(size + 4 * index)
    return root + bytes((2, 0, 0x10, 0)) * len(names)  # flags, address; no edges


def segment(address: int, at: int, size: int, bits: int = 64) -> bytes:
    """A segment of the whole file that may be changed, with one section.

    Args:
        address: of the file's first byte.
        at: where the section begins in the file.
        size: of the section.
        bits: 32 or 64.
    """
    wide = bits == 64
    row = struct.pack("<4Q" if wide else "<4I", address, at + size, 0, at + size)
    row += struct.pack("<4I", 3, 3, 1, 0)
    section = bytes(32) + struct.pack("<2Q" if wide else "<2I", address + at, size)
    section += struct.pack("<I", at) + bytes(28 if wide else 24)
    length = 24 + len(row) + len(section)
    return struct.pack("<II16x", 0x19 if wide else 1, length) + row + section


def chained(
    *imports: tuple[str, int, bool], form: int = 1, order: str = "<", kind: int | None = None
) -> bytes:
    """Chained fixups with imports (name, library, weak) in one of the three formats.

    Args:
        imports: name, library, whether weak.
        form: of the imports.
        order: `<` or `>`.
        kind: of the pointers in the chains of the second segment; None for no chains.
    """
    starts = struct.pack(order + "I", 0)
    if kind is not None:
        starts = struct.pack(order + "4I2H", 2, 0, 12, 8, 0x1000, kind)
    names = b"\0"
    table = b""
    for name, library, weak in imports:
        if form == 3:
            packed = library & 0xFFFF | weak << 16 | len(names) << 32
            table += struct.pack(order + "QQ", packed, 0)
        else:
            packed = library & 0xFF | weak << 8 | len(names) << 9
            table += struct.pack(order + "I", packed) + bytes(4 if form == 2 else 0)
        names += name.encode() + b"\0"
    at = 28 + len(starts)
    head = struct.pack(order + "7I", 0, 28, at, at + len(table), len(imports), form, 0)
    return head + starts + table + names


def symbol(  # noqa: PLR0913  the fields of an `nlist`
    name_at: int,
    kind: int,
    description: int = 0,
    value: int = 0,
    *,
    order: str = "<",
    bits: int = 64,
) -> bytes:
    """One entry of the symbol table."""
    layout = order + ("IBBHI" if bits == 32 else "IBBHQ")
    return struct.pack(layout, name_at, kind, 0, description, value)


_COMMANDS: Final = (
    dylib("/usr/lib/libSystem.B.dylib"),
    text_command(0x8000001C, "@loader_path", fixed=b""),
    number_command(0x32, 1, 0x000B0000, 0, 0),
    number_command(0x19, *[0] * 16),
)
SAMPLES: Final = (
    macho(*_COMMANDS, bind=bind("_Py_A"), lazy_bind=bind("_Py_B"), export=trie("_Py_C", "_free")),
    macho(*_COMMANDS, chained=chained(("_Py_A", 1, False)), trie=trie("_PyInit_x", "_PyInit_y")),
    macho(*_COMMANDS, symbols=symbol(1, 1, 0x100) + symbol(1, 0xF), strings=b"\0_Py_A\0"),
    macho(order=">", bits=32, symbols=symbol(1, 1, order=">", bits=32), strings=b"\0_Py_A\0"),
    fat(macho(), macho(trie=trie("_Py_A"))),
    fat(macho(), macho(trie=trie("_Py_A")), wide=True),
)
"""One small file of every kind that the reader tells apart, as seeds for damage."""
