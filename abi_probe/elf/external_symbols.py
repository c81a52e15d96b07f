"""Read which names an ELF file takes from elsewhere that are none of Python's.

What a file gives is kept as hashes, four bytes a name, for a C++ library gives 100,000.
"""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING, Final

from abi_probe.elf.gnu_hash import gnu_hash
from abi_probe.elf.image import DynamicTag, ElfImage
from abi_probe.elf.symbol_versions import read_version_names
from abi_probe.elf.symbols import count_symbols, gnu_table
from abi_probe.errors import UnreadableError
from abi_probe.symbol_names import is_python_symbol_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST: Final = 1 << 14  # undefined names looked at; a file that has more is not judged by them
_MOST_BYTES: Final = 1 << 23  # of names that are hashed; 100,000 of C++ have 6 MB
_GLOBAL: Final = 1  # STB_GLOBAL: a weak name may stay undefined
# Versions by which a C library and a compiler's own libraries promise all that ever bore them:
# `abi_probe.elf.symbol_versions` answers for these.
_PROMISES: Final = ("GLIBC_", "GLIBCXX_", "CXXABI_", "GCC_")
_INDEX: Final = 0x7FFF  # without the bit that hides a version


def read_external_symbols(image: ElfImage) -> tuple[str, ...]:
    """Return the strong names that others must define, none of them Python's.

    Those with a version that a library keeps for good are left out.

    Raises:
        UnreadableError: a table is cut off, or names have no end.
    """
    if DynamicTag.SYMTAB not in image.dynamic:
        return ()
    info, _, section = image.layout.symbol_fields
    kept = {
        number
        for number, version in read_version_names(image).items()
        if version.startswith(_PROMISES)
    }
    found = [
        row[0]
        for version, row in zip(_versions(image), _symbols(image), strict=False)
        if version not in kept
        and row[section] == 0
        and row[info] >> 4 == _GLOBAL
        and not is_python_symbol_at(image.strings, row[0])
    ]
    if len(found) > _MOST:
        return ()
    return tuple(filter(None, _names(image, found)))


def read_hashes(image: ElfImage) -> bytes:
    """Return the GNU hashes of all names that a file defines, in this machine's byte order.

    The lowest bit of each means nothing: the table marks the ends of its chains with it.

    Raises:
        UnreadableError: a table is cut off.
    """
    table = gnu_table(image)
    if table is not None:
        return image.words(table.chain, table.count, "GNU hash table").tobytes()
    if DynamicTag.SYMTAB not in image.dynamic:
        return b""
    section = image.layout.symbol_fields[2]
    defined = [row[0] for row in _symbols(image) if row[section]]
    return array("I", map(gnu_hash, _names(image, defined))).tobytes()


def _names(image: ElfImage, starts: Iterable[int]) -> Iterator[str]:
    """The strings at some offsets, which may overlap and be as long as they like."""
    budget = _MOST_BYTES
    for start in starts:
        name = image.string(start)
        budget -= len(name)
        if budget < 0:
            raise UnreadableError(f"more than {_MOST_BYTES} bytes of names")
        yield name


def _symbols(image: ElfImage) -> Iterator[tuple[int, ...]]:
    """Each symbol as it stands, those that are needed only where the table has them apart."""
    symbol = image.layout.symbol
    start = image.offset_of(DynamicTag.SYMTAB)
    table = gnu_table(image)
    count = table.first if table is not None else count_symbols(image, start)
    return image.rows(symbol, start, count, "symbols")


def _versions(image: ElfImage) -> Iterator[int]:
    """The version index of each symbol; 1, which is none, where there is no such table."""
    if DynamicTag.VERSYM not in image.dynamic:
        return iter(lambda: 1, 0)
    start = image.offset_of(DynamicTag.VERSYM)
    half = struct.Struct(image.layout.mark + "H")
    count = (len(image.view) - start) // half.size
    return (row[0] & _INDEX for row in image.rows(half, start, count, "versions"))
