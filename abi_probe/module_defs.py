"""Find the static `PyModuleDef` of each module in a binary, and read its slots.

What is known of it: its name is a string, whose address one pointer of the definition holds, and
ahead of that pointer lies an object header, which differs between builds with and without a GIL and
PyPy.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, Final

from abi_probe.address_space import MOST_OCCURRENCES, AddressSpace
from abi_probe.model import ModuleDefinition, ModuleSlot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

_HOOK: Final = "PyInit_"  # alone: a module with another hook has no `PyModuleDef`
_RUNTIME: Final = "Py_Initialize"  # defined in an interpreter or its library
_MOST_MODULES: Final = 32  # of one file; those with more are statically linked programs
_MOST_NAMES: Final = 128  # that are looked for pointers to, in one file
_MOST_SLOTS: Final = 64
_GREATEST_KIND: Final = 0xFFFF  # of a slot; 3.15 numbers them in two bytes (PEP 820)
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
# Words ahead of `m_name`, which all headers have: reference count and type, then m_init, m_index,
# m_copy. What stands before them tells more.
_HEADER: Final = 5
# PyPy counts its references before them, and has a link to the object of its own in the first.
_PYPY_COUNT: Final = 1
# Free-threaded: thread, flags, local count, and then in the first place the shared one. Flags and
# the local count are 4 bytes each.
_MOST_AHEAD: Final = 3
_IMMORTAL_LOCAL: Final = 0xFFFFFFFF  # every static object's, `_Py_IMMORTAL_REFCNT_LOCAL`
# The first word of that header with a GIL: the count of an object in code of 3.11 and 3.12, of 3.13
# (both in 32 bits less), from 3.14 on; without: its second word in 3.13, from 3.14 on.
_COUNTS: Final = (1, 0xFFFFFFFF, 0x3FFFFFFF, 0x0005_0000_C000_0000)
_LOCALS: Final = (_IMMORTAL_LOCAL << 32, _IMMORTAL_LOCAL << 32 | 4)
_SIZE_AFTER_NAME: Final = 2
_SLOTS_AFTER_NAME: Final = 4  # m_name, m_doc, m_size, m_methods, m_slots


def module_stems(exports: AbstractSet[str]) -> frozenset[str]:
    """Return the last parts of the names of the modules that a binary may have definitions of.

    Args:
        exports: names that it defines for others.

    Returns:
        Of a runtime none: its modules are no extension's, and there are a hundred to look for.
    """
    if _RUNTIME in exports:
        return frozenset()
    return frozenset(name.removeprefix(_HOOK) for name in exports if name.startswith(_HOOK))


def read_definitions(memory: AddressSpace, stems: Iterable[str]) -> tuple[ModuleDefinition, ...]:
    """Read the definitions that lie in a file as they are, for some modules.

    Args:
        memory: the binary.
        stems: last parts of the modules' dotted names.

    Returns:
        At most one for each module. One whose definition is filled in at run time (pybind11) has
        none; one whose definition bears another name has it where the file has no other module
        and no other definition.

    Source of the layouts: CPython's `Include/moduleobject.h` and `Include/object.h`, 3.5 to 3.15.
    """
    stems = sorted(stems)
    # To look at what has a usual header takes one pass for all modules, each name one of its own.
    found = _by_header(memory, frozenset(stems[:_MOST_MODULES]))
    names = (
        (stem, address)
        for stem in stems[:_MOST_MODULES]
        if stem not in found
        for address in _name_addresses(memory, stem.encode("utf-8", "surrogateescape"))
        if stem not in found  # nor since
    )
    for stem, address in islice(names, _MOST_NAMES):
        definition = _definition(memory, stem, address)
        if definition is not None:
            found.setdefault(stem, definition)
    if len(stems) == 1 and not found:
        definitions = list(islice(_nameless(memory, stems[0]), 2))
        return tuple(definitions) if len(definitions) == 1 else ()
    return tuple(found[stem] for stem in stems if stem in found)


def _definition(memory: AddressSpace, stem: str, name: int) -> ModuleDefinition | None:
    """Read the definition that points to a name, None when none does."""
    for pointer in memory.pointers_to(name):
        free_threaded = _header(memory, pointer)
        if free_threaded is not None:
            found = _definition_at(memory, stem, pointer, free_threaded=free_threaded)
            if found is not None:
                return found
    return None


def _definition_at(
    memory: AddressSpace, stem: str, pointer: int, *, free_threaded: bool
) -> ModuleDefinition | None:
    """Read what follows the header of a definition, from the pointer to its name on.

    Returns:
        None where that is no definition, but something else that begins like one.
    """
    start = memory.pointer(pointer + _SLOTS_AFTER_NAME * memory.word.size)
    slots = _slots(memory, start) if start else None
    if start and slots is None:
        return None
    return ModuleDefinition(
        module=stem,
        free_threaded=free_threaded,
        slots=slots,
        size=_signed(memory, pointer + _SIZE_AFTER_NAME * memory.word.size),
    )


def _by_header(memory: AddressSpace, stems: frozenset[str]) -> dict[str, ModuleDefinition]:
    """Read the definitions that have a usual header and one of some names."""
    found: dict[str, ModuleDefinition] = {}
    for pointer, name, free_threaded in _headed(memory):
        stem = name.rpartition(b".")[2].decode()
        if stem in stems and stem not in found:
            definition = _definition_at(memory, stem, pointer, free_threaded=free_threaded)
            if definition is not None:
                found[stem] = definition
    return found


def _nameless(memory: AddressSpace, stem: str) -> Iterator[ModuleDefinition]:
    """Read what looks like a multi-phase definition from its header on, whatever its name is."""
    for pointer, _, free_threaded in _headed(memory):
        found = _definition_at(memory, stem, pointer, free_threaded=free_threaded)
        if found is not None and found.slots:
            yield found


def _headed(memory: AddressSpace) -> Iterator[tuple[int, bytes, bool]]:
    """The pointers to a name after a usual header, that name, whether a free-threaded build's."""
    if memory.word.size != 8:  # noqa: PLR2004 - bytes of a word
        return
    pack = memory.word.pack
    headers = [(pack(count) + bytes(8 * (_HEADER - 1)), False) for count in _COUNTS]
    headers += [(bytes(8) + pack(local) + bytes(8 * _HEADER), True) for local in _LOCALS]
    for header, free_threaded in headers:
        for address in memory.writable_occurrences(header):
            end = address + len(header)
            name = _name(memory, memory.pointer(end))
            if name and _header(memory, end) is not None:
                yield end, name, free_threaded


def _name(memory: AddressSpace, address: int | None) -> bytes:
    """The string at an address that may name a module; empty where none does."""
    offset = memory.offset(address) if address else None
    if offset is None:
        return b""
    name, end, _ = memory.data[offset : offset + _LONGEST_NAME].partition(b"\0")
    return name if end and _NAME_BYTES.issuperset(name) else b""


def _name_addresses(memory: AddressSpace, stem: bytes) -> Iterator[int]:
    """The addresses of strings that may be the module's name, dotted or not, the likely ones first.

    Linkers let a string begin within another one that ends alike.
    """
    ends: list[int] = []
    for offset in islice(memory.strings(stem + b"\0"), MOST_OCCURRENCES):
        before = offset
        while before > max(offset - _LONGEST_NAME, 0) and memory.data[before - 1] in _NAME_BYTES:
            before -= 1
        dotted = memory.data[offset - 1 : offset] == b"."
        if before < offset and not dotted:
            ends.append(offset)
            continue
        yield from _addresses(memory, (offset, before) if dotted else (offset,))
    yield from _addresses(memory, ends)


def _addresses(memory: AddressSpace, offsets: Iterable[int]) -> Iterator[int]:
    return (each for each in map(memory.address, offsets) if each is not None)


def _header(memory: AddressSpace, name: int) -> bool | None:
    """Whether the header ahead of a pointer is a free-threaded build's; None when it is none."""
    size = memory.word.size
    *before, first, second, third, fourth, fifth = (
        memory.number(name - ahead * size) for ahead in range(_HEADER + _MOST_AHEAD, 0, -1)
    )
    if first is None or (second, third, fourth, fifth) != (0, 0, 0, 0):
        return None
    if first == 0:
        free_threaded = _free_threaded(before, memory)
    else:
        free_threaded = False if first & 0xFFFFFFFF else None
    # Other tables begin alike, but with pointers where these words stay as they are.
    blank = _HEADER if first == 0 else _HEADER - 1
    if any(memory.pointer(name - ahead * size) for ahead in range(1, blank + 1)):
        return None
    return free_threaded


def _free_threaded(before: list[int | None], memory: AddressSpace) -> bool | None:
    """Whether what stands ahead of a header is a free-threaded build's; None when neither is."""
    eldest, thread, local = before
    if local == _PYPY_COUNT:
        return False
    if memory.word.size == 4:  # noqa: PLR2004 - bytes of a word
        thread = eldest
    elif local is not None:
        local = local >> 32 if memory.mark == "<" else local & 0xFFFFFFFF
    return True if (thread, local) == (0, _IMMORTAL_LOCAL) else None


def _signed(memory: AddressSpace, address: int) -> int:
    """The word at an address as a number that may be negative; 0 where there is none."""
    value, bits = memory.number(address) or 0, 8 * memory.word.size
    return value - (1 << bits) if value >> (bits - 1) else value


def _slots(memory: AddressSpace, start: int) -> tuple[ModuleSlot, ...] | None:
    """The slots of an array that ends with 0; None where there is no such array."""
    number = struct.Struct(memory.mark + "I")
    found: list[ModuleSlot] = []
    for address in range(start, start + 2 * _MOST_SLOTS * memory.word.size, 2 * memory.word.size):
        offset = memory.offset(address)
        value = memory.number(address + memory.word.size)
        if offset is None or value is None or offset + number.size > len(memory.data):
            return None
        (kind,) = number.unpack_from(memory.data, offset)
        if kind == 0:
            return tuple(found)
        if kind > _GREATEST_KIND:
            return None
        found.append(ModuleSlot(kind=kind, value=value))
    return None
