"""Read which of Python's names an ELF file needs and gives."""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.elf.image import DynamicTag, ElfImage
from abi_probe.errors import UnreadableError
from abi_probe.model import ImportedSymbol
from abi_probe.symbol_names import FIRST_BYTES, is_python_symbol, is_relevant_at

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

_MAX_NAMES_SIZE: Final = 1 << 22  # of all kept names together; a libpython's are 50 kB
_CHUNK: Final = 1 << 16  # symbols or words looked at in one go, 1.5 MB at most
_WORD: Final = 4
_UNDERSCORE: Final = ord("_")
_WEAK: Final = {1: False, 2: True, 10: False}  # STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE
_VISIBLE: Final = (0, 3)  # STV_DEFAULT, STV_PROTECTED
_EM_MIPS: Final = 8
_WIDE_HASHES: Final = ((22, 64), (0x9026, 64))  # s390x and Alpha: words of 8 bytes


def read_symbols(image: ElfImage) -> tuple[tuple[ImportedSymbol, ...], frozenset[str]]:
    """Read the names that concern a Python runtime.

    Args:
        image: the file.

    Returns:
        What it needs and does not define itself, sorted by name; and what it defines for others.

    Raises:
        UnreadableError: a table is cut off or contradicts itself.
    """
    imports: dict[str, bool] = {}
    exports: set[str] = set()
    budget = _MAX_NAMES_SIZE
    for name, weak, defined in _symbols(image):
        budget -= len(name)
        if budget < 0:
            raise UnreadableError(f"more than {_MAX_NAMES_SIZE} bytes of names that matter")
        if defined:
            exports.add(name)
        elif is_python_symbol(name):
            imports[name] = weak and imports.get(name, True)
    needed = tuple(
        ImportedSymbol(name=name, weak=weak)
        for name, weak in sorted(imports.items())
        if name not in exports
    )
    return needed, frozenset(exports)


def _symbols(image: ElfImage) -> Iterator[tuple[str, bool, bool]]:
    """Each visible symbol whose name matters: its name, whether weak, whether defined."""
    if DynamicTag.SYMTAB not in image.dynamic:
        return
    symbol = image.layout.symbol
    info, other, section = image.layout.symbol_fields
    table = image.offset_of(DynamicTag.SYMTAB)
    count = count_symbols(image, table)
    for first in range(1, count, _CHUNK):  # symbol 0 is reserved
        start = table + first * symbol.size
        chunk = image.view[start : start + min(_CHUNK, count - first) * symbol.size]
        for index, name_at in _candidates(image, chunk):
            fields = symbol.unpack_from(chunk, index * symbol.size)
            weak = _WEAK.get(fields[info] >> 4)
            if weak is not None and fields[other] & 3 in _VISIBLE:
                # Hundreds of files name the same few thousand: each is kept once.
                yield sys.intern(image.string(name_at)), weak, fields[section] != 0


def _candidates(image: ElfImage, chunk: memoryview) -> list[tuple[int, int]]:
    """Index and name offset of those symbols whose name matters.

    A big C++ library has 100,000 symbols, so most are told by the first bytes of their name.
    """
    strings = image.strings
    starts = image.words_of(chunk)[:: image.layout.symbol.size // 4]
    if max(starts) >= len(strings):
        raise UnreadableError(f"a symbol's name at {max(starts)} of {len(strings)} bytes of names")
    return [
        (index, start)
        for index, start in enumerate(starts)
        if (
            (first := strings[start]) in FIRST_BYTES
            or (first == _UNDERSCORE and strings[start + 1] in FIRST_BYTES)
        )
        and is_relevant_at(strings, start)
    ]


def count_symbols(image: ElfImage, table: int) -> int:
    """How many symbols there are, which the dynamic section does not say outright.

    Args:
        image: the file.
        table: where in the file the symbols begin.

    Raises:
        UnreadableError: the file has fewer bytes, or its hash table is cut off.
    """
    if DynamicTag.MIPS_SYMTABNO in image.dynamic and image.machine == _EM_MIPS:
        count = image.last(DynamicTag.MIPS_SYMTABNO)
    elif DynamicTag.HASH in image.dynamic:
        wide = (image.machine, image.layout.bits) in _WIDE_HASHES
        header = struct.Struct(image.layout.mark + ("QQ" if wide else "II"))
        _, count = image.unpack(header, image.offset_of(DynamicTag.HASH), "hash table")
    else:
        hashed = gnu_table(image)
        count = hashed.first + hashed.count if hashed else _count_by_extent(image, table)
    if table + count * image.layout.symbol.size > len(image.view):
        raise UnreadableError(f"truncated: {count} symbols at offset {table} of {len(image.view)}")
    return count


class GnuTable(Struct, frozen=True, kw_only=True):
    """Where the GNU hash table of a file has the hashes of the names that it defines.

    Attributes:
        first: number of the first symbol with a hash; those before it are needed from elsewhere.
        count: of the hashes.
        chain: where in the file they begin, four bytes each.
    """

    first: int
    count: int
    chain: int


def gnu_table(image: ElfImage) -> GnuTable | None:
    """Follow the chain of the last bucket to its end; None where no bucket is in use.

    Raises:
        UnreadableError: the table is cut off.
    """
    if DynamicTag.GNU_HASH not in image.dynamic:
        return None
    start = image.offset_of(DynamicTag.GNU_HASH)
    header = struct.Struct(image.layout.mark + "IIII")
    buckets, first, bloom, _ = image.unpack(header, start, "GNU hash table")
    start += header.size + bloom * (image.layout.bits // 8)
    last = max(map(max, _words(image, start, buckets)), default=0)
    if last < first:
        return None
    chain = start + _WORD * buckets
    start = chain + _WORD * (last - first)
    for words in _words(image, start, (len(image.view) - start) // _WORD):
        for word in words:
            last += 1
            if word & 1:
                return GnuTable(first=first, count=last - first, chain=chain)
    raise UnreadableError(f"truncated: GNU hash chain at offset {start} of {len(image.view)}")


def _words(image: ElfImage, start: int, count: int) -> Iterator[array[int]]:
    """Numbers of four bytes, in lists of a bounded length."""
    for first in range(0, count, _CHUNK):
        yield image.words(start + _WORD * first, min(_CHUNK, count - first), "GNU hash table")


def _count_by_extent(image: ElfImage, table: int) -> int:
    """Take the symbols to reach up to the next table, as linkers lay them out.

    Needed for what exports nothing: its hash table is empty or not there.
    """
    tables = (
        DynamicTag.STRTAB,
        DynamicTag.HASH,
        DynamicTag.GNU_HASH,
        DynamicTag.VERNEED,
        DynamicTag.VERDEF,
    )
    starts = [image.offset_of(tag) for tag in tables if tag in image.dynamic]
    end = min((start for start in starts if start > table), default=table)
    return (end - table) // image.layout.symbol.size
