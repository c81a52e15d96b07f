"""Read the symbol versions that an ELF file needs and defines.

Source: the Linux Standard Base core specification 5.0, "Symbol Versioning".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from abi_probe.elf.image import DynamicTag, ElfImage
from abi_probe.errors import UnreadableError
from abi_probe.model import VersionNeed

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_VERSIONS: Final = 4096  # a libc defines 40
_VER_FLG_BASE: Final = 1  # the entry names the file itself
_VER_FLG_WEAK: Final = 2


def read_version_needs(image: ElfImage) -> Iterator[VersionNeed]:
    """Yield the versions that other libraries must define, weak ones left out.

    Raises:
        UnreadableError: the list leaves the file or has no end.
    """
    for library, flags, _, version in _needs(image):
        if not flags & _VER_FLG_WEAK:
            yield VersionNeed(library=library, version=version)


def read_version_names(image: ElfImage) -> dict[int, str]:
    """Return the versions that other libraries must define, by the number that symbols have.

    Raises:
        UnreadableError: the list leaves the file or has no end.
    """
    return {number: version for _, _, number, version in _needs(image)}


def _needs(image: ElfImage) -> Iterator[tuple[str, int, int, str]]:
    """Library, flags, number and name of each needed version."""
    part = struct.Struct(image.layout.mark + "IHHII")
    budget = _MAX_VERSIONS
    for start, (_, count, library_at, first, _) in _entries(image, DynamicTag.VERNEED, "HHIII"):
        library = image.string(library_at)
        at = start + first
        for _ in range(count):
            budget -= 1
            if budget < 0:
                raise UnreadableError(f"more than {_MAX_VERSIONS} versions at offset {start}")
            _, flags, number, version_at, following = image.unpack(part, at, "version")
            yield library, flags, number, image.string(version_at)
            if not following:
                break
            at += following


def read_version_definitions(image: ElfImage) -> Iterator[str]:
    """Yield the versions that the file defines for others.

    Raises:
        UnreadableError: the list leaves the file.
    """
    part = struct.Struct(image.layout.mark + "II")
    for start, (_, flags, _, _, _, first, _) in _entries(image, DynamicTag.VERDEF, "HHHHIII"):
        if not flags & _VER_FLG_BASE:
            version_at, _ = image.unpack(part, start + first, "version")
            yield image.string(version_at)


def _entries(
    image: ElfImage, tag: DynamicTag, fields: str
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Offset and fields of each entry of a linked list, whose last field links on."""
    if tag not in image.dynamic:
        return
    form = struct.Struct(image.layout.mark + fields)
    start = image.offset_of(tag)
    count = image.last(DynamicTag.VERNEEDNUM if tag is DynamicTag.VERNEED else DynamicTag.VERDEFNUM)
    for _ in range(min(count, _MAX_VERSIONS)):
        row = image.unpack(form, start, "version")
        yield start, row
        if not row[-1]:
            return
        start += row[-1]
