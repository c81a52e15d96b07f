"""Lay out the definition of a module as compilers do, in files of formats that need no compiler."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.abi_probe.macho_bytes import chained, dylib, macho, segment, trie
from tests.abi_probe.pe_bytes import ADDRESS, BASE, Blob, export_table, pe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GIL: Final = (1, 0, 0, 0, 0)
FREE_THREADED: Final = (0, 0xFFFFFFFF << 32, 0, 0, 0, 0, 0)
FREE_THREADED_32: Final = (0, 4, 0xFFFFFFFF, 0, 0, 0, 0, 0)
_HOOK: Final = "PyInit_probe"
_AT: Final = 0x1000  # in the file and, from where that is loaded, in memory


def _laid_out(
    at: int, bits: int, header: Sequence[int], pointer: Callable[[int], int], slots: Sequence[int]
) -> bytes:
    """Return a name, slots and the definition that points to both.

    Args:
        at: the address of the first byte.
        bits: of a word.
        header: the words ahead of the pointer to the name.
        pointer: what stands in the file for an address.
        slots: their kinds, each with the value 1.
    """
    part = "I" if bits == 32 else "Q"
    pairs = [number for kind in slots for number in (kind, 1)]
    array = struct.pack(f"<{len(pairs) + 2}{part}", *pairs, 0, 0)
    rest = (pointer(at), 0, (1 << bits) - 1, 0, pointer(at + 16), 0, 0, 0)
    table = struct.pack(f"<{len(header) + len(rest) + 1}{part}", 0, *header, *rest)
    return b"probe".ljust(16, b"\0") + array + table


def pe_with_definition(
    bits: int = 64, header: Sequence[int] = GIL, slots: Sequence[int] = (2, 4)
) -> bytes:
    """A DLL that exports a module's hook and has its definition."""
    blob = Blob(bits=bits)
    blob.put(_laid_out(ADDRESS, bits, header, lambda address: BASE + address, slots))
    return pe(blob, {0: export_table(blob, "probe.pyd", {_HOOK: ADDRESS})})


def macho_with_definition(
    bits: int = 64,
    header: Sequence[int] = GIL,
    slots: Sequence[int] = (2, 4),
    *,
    kind: int | None = None,
    base: int = 0,
) -> bytes:
    """A bundle that exports a module's hook and has its definition.

    Args:
        bits: 32 or 64.
        header: as compilers write it.
        slots: kinds.
        kind: of the pointers in chains of fixups; None for pointers that stand as they are.
        base: the address of the first byte of the file.
    """

    def pointer(address: int) -> int:
        if kind is None:
            return address
        return 3 << 51 | (address - base if kind == 6 else address)

    data = _laid_out(base + _AT, bits, header, pointer, slots)
    chains = b"" if kind is None else chained(("_Py_A", 1, False), kind=kind)
    command = segment(base, _AT, len(data), bits)
    library = dylib("/usr/lib/libSystem.B.dylib")
    made = macho(command, library, bits=bits, trie=trie(f"_{_HOOK}"), chained=chains)
    return made.ljust(_AT, b"\0") + data
