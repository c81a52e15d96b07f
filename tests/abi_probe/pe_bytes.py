"""Assemble small PE files for tests: headers, and one section with all tables in it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AMD64: Final = 0x8664
ADDRESS: Final = 0x1000
OFFSET: Final = 0x400
BASE: Final = 0x10000000
DLL: Final = 0x2022


@dataclass(kw_only=True, slots=True)
class Blob:
    """The section's bytes as they grow."""

    bits: int = 64
    data: bytearray = field(default_factory=bytearray)

    @property
    def here(self) -> int:
        """The address of the next byte."""
        return ADDRESS + len(self.data)

    def put(self, data: bytes) -> int:
        """Append bytes; return their address."""
        at = self.here
        self.data += data
        return at

    def text(self, text: str) -> int:
        """Append a string with its NUL; return its address."""
        return self.put(text.encode() + b"\0")

    def thunks(self, names: Sequence[str | int], base: int = 0) -> int:
        """Append names or ordinals, and the table of them that ends with a zero."""
        flag = 1 << (self.bits - 1)
        entries = [
            flag | name if isinstance(name, int) else base + self.put(b"\0\0" + _string(name))
            for name in names
        ]
        mark = "I" if self.bits == 32 else "Q"
        return self.put(struct.pack(f"<{len(entries) + 1}{mark}", *entries, 0))


def _string(text: str) -> bytes:
    return text.encode() + b"\0"


def import_table(blob: Blob, libraries: Mapping[str, Sequence[str | int]]) -> int:
    """Append an import table; names are strings, ordinals are numbers."""
    records = b""
    for dll, names in libraries.items():
        thunks = blob.thunks(names)
        records += struct.pack("<5I", thunks, 0, 0, blob.text(dll), thunks)
    return blob.put(records + bytes(20))


def delay_table(
    blob: Blob, libraries: Mapping[str, Sequence[str | int]], *, absolute: bool = False
) -> int:
    """Append a table of late imports, with addresses as old linkers write them if `absolute`."""
    base = BASE if absolute else 0
    records = b""
    for dll, names in libraries.items():
        thunks = base + blob.thunks(names, base)
        text = base + blob.text(dll)
        records += struct.pack("<8I", not absolute, text, 0, thunks, thunks, 0, 0, 0)
    return blob.put(records + bytes(32))


def export_table(blob: Blob, own: str, names: Mapping[str, int]) -> int:
    """Append an export table of names, each with the address of what it stands for."""
    functions = blob.put(struct.pack(f"<{len(names)}I", *names.values()))
    table = blob.put(struct.pack(f"<{len(names)}I", *[blob.text(name) for name in names]))
    ordinals = blob.put(struct.pack(f"<{len(names)}H", *range(len(names))))
    count = len(names)
    record = (0, 0, 0, blob.text(own), 1, count, count, functions, table, ordinals)
    return blob.put(struct.pack("<10I", *record))


def pe(  # noqa: PLR0913  a test names the few that it is about
    blob: Blob | None = None,
    directories: Mapping[int, int] | None = None,
    *,
    machine: int = AMD64,
    characteristics: int = DLL,
    memory: int | None = None,
    sections: Sequence[tuple[int, int, int, int]] | None = None,
    magic: int | None = None,
) -> bytes:
    """A whole file.

    Args:
        blob: the section; None for an empty one.
        directories: address of each table by its number: 0 exports, 1 imports, 13 late imports.
        machine: of the COFF header.
        characteristics: of the COFF header.
        memory: size of the section once loaded; None for what the file has.
        sections: rows of size in memory, address, size in the file, offset, in place of the true
            one.
        magic: of the optional header; None for the true one.
    """
    blob = blob or Blob(data=bytearray(b"\0"))
    rows = [(memory or len(blob.data), ADDRESS, len(blob.data), OFFSET)]
    optional = _optional(blob.bits, directories or {}, magic)
    rows = list(sections) if sections is not None else rows
    coff = struct.pack("<HHIIIHH", machine, len(rows), 0, 0, 0, len(optional), characteristics)
    flags = 0xC0000040  # initialised data that can be read and written
    table = b"".join(struct.pack("<8sIIII12xI", b".data", *row, flags) for row in rows)
    dos = b"MZ" + bytes(58) + struct.pack("<I", 0x40)
    head = dos + b"PE\0\0" + coff + optional + table
    return head.ljust(OFFSET, b"\0") + bytes(blob.data)


def _optional(bits: int, directories: Mapping[int, int], magic: int | None) -> bytes:
    wide = bits == 64
    head = struct.pack("<H22x", magic or (0x20B if wide else 0x10B))
    head += struct.pack("<Q", BASE) if wide else struct.pack("<4xI", BASE)
    head += struct.pack("<II16xII", 0x1000, 0x200, 0x2000, OFFSET)
    head = head.ljust(108 if wide else 92, b"\0") + struct.pack("<I", 16)
    return head + b"".join(struct.pack("<II", directories.get(i, 0), 40) for i in range(16))


def _sample(bits: int) -> bytes:
    blob = Blob(bits=bits)
    directories = {
        0: export_table(blob, "x.pyd", {"PyInit_x": 0x2000, "other": 0x2004}),
        1: import_table(blob, {"python3.dll": ["Py_A", 7], "KERNEL32.dll": ["Sleep", 3]}),
        13: delay_table(blob, {"python3.dll": ["Py_B"]}, absolute=bits == 32),
    }
    return pe(blob, directories)


SAMPLES: Final = (_sample(64), _sample(32))
"""One small file of either width with all tables, as seeds for damage."""
