"""Read which kinds of an x86 processor an ELF file asks for.

Source: the x86-64 psABI, "Program Property"; the loader of glibc refuses a file from 2.33 on.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from abi_probe.elf.image import Image

_NOTE: Final = "III4s"  # sizes of name and content, kind, name
_PROPERTIES: Final = (5, b"GNU\0")  # NT_GNU_PROPERTY_TYPE_0
_NEEDED: Final = 0xC0008002  # GNU_PROPERTY_X86_ISA_1_NEEDED
_MOST: Final = 4096  # bytes; two dozen properties are defined


def read_levels(image: Image) -> int:
    """Return the levels that a file marks as needed, a bit for each: 1, 2 (`x86-64-v2`), 4, 8."""
    note = struct.Struct(image.layout.mark + _NOTE)
    data = image.properties()[:_MOST]
    if len(data) < note.size or note.unpack_from(data)[2:] != _PROPERTIES:
        return 0
    pair = struct.Struct(image.layout.mark + "II")
    word = struct.Struct(image.layout.mark + "I")
    at, step = note.size, image.layout.bits // 8
    while at + pair.size + word.size <= len(data):
        kind, size = pair.unpack_from(data, at)
        if kind == _NEEDED and size == word.size:
            return int(word.unpack_from(data, at + pair.size)[0])
        at += pair.size + -(-size // step) * step
    return 0
