"""Find the static `PyModuleDef` of each module in an ELF file, and read its slots.

What is known of it: its name is a string, whose address one pointer of the definition holds, and
ahead of that pointer lies an object header, which differs between builds with and without a GIL and
PyPy.
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, Final

from abi_probe.elf.memory import MOST_PLACES, Memory
from abi_probe.model import ModuleDefinition, ModuleSlot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abi_probe.elf.image import Image

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
# Words ahead of `m_name`: reference count and type, then m_init, m_index, m_copy.
_GIL_HEADER: Final = 5
# PyPy has a link to the object of its own between the two, and a count of 1.
_PYPY_HEADER: Final = 6
# Free-threaded: thread, flags with the local count, shared count, type, and the same three.
_FREE_THREADED_HEADER: Final = 7
_IMMORTAL_LOCAL: Final = 0xFFFFFFFF  # every static object's, `_Py_IMMORTAL_REFCNT_LOCAL`
# The first word of that header with a GIL: the count of an object in code of 3.11 and 3.12, of 3.13
# (both in 32 bits less), from 3.14 on; without: its second word in 3.13, from 3.14 on.
_COUNTS: Final = (1, 0xFFFFFFFF, 0x3FFFFFFF, 0x0005_0000_C000_0000)
_LOCALS: Final = (_IMMORTAL_LOCAL << 32, _IMMORTAL_LOCAL << 32 | 4)
_SIZE_AFTER_NAME: Final = 2
_SLOTS_AFTER_NAME: Final = 4  # m_name, m_doc, m_size, m_methods, m_slots


def read_definitions(image: Image, stems: Iterable[str]) -> tuple[ModuleDefinition, ...]:
    """Read the definitions that lie in a file as they are, for some modules.

    Args:
        image: the file.
        stems: last parts of the modules' dotted names.

    Returns:
        At most one for each module. One whose definition is filled in at run time (pybind11) has
        none; one whose definition bears another name has it where the file has no other module
        and no other definition.

    Source of the layouts: CPython's `Include/moduleobject.h` and `Include/object.h`, 3.5 to 3.15.
    """
    stems = sorted(stems)
    memory = Memory.of(image)
    found: dict[str, ModuleDefinition] = {}
    names = (
        (stem, address)
        for stem in stems[:_MOST_MODULES]
        for address in _name_addresses(memory, stem.encode("utf-8", "surrogateescape"))
        if stem not in found
    )
    for stem, address in islice(names, _MOST_NAMES):
        definition = _definition(memory, stem, address)
        if definition is not None:
            found.setdefault(stem, definition)
    if len(stems) == 1 and not found:
        definitions = list(islice(_nameless(memory, stems[0]), 2))
        return tuple(definitions) if len(definitions) == 1 else ()
    return tuple(found.values())


def _definition(memory: Memory, stem: str, name: int) -> ModuleDefinition | None:
    """Read the definition that points to a name, None when none does."""
    for pointer in memory.pointers_to(name):
        free_threaded = _header(memory, pointer)
        if free_threaded is not None:
            found = _definition_at(memory, stem, pointer, free_threaded=free_threaded)
            if found is not None:
                return found
    return None


def _definition_at(
    memory: Memory, stem: str, pointer: int, *, free_threaded: bool
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


def _nameless(memory: Memory, stem: str) -> Iterator[ModuleDefinition]:
    """Read what looks like a multi-phase definition from its header on, whatever its name is."""
    if memory.word.size != 8:  # noqa: PLR2004 - bytes of a word
        return
    pack = memory.word.pack
    headers = [(pack(count) + bytes(8 * (_GIL_HEADER - 1)), False) for count in _COUNTS]
    blank = bytes(8 * (_FREE_THREADED_HEADER - 2))
    headers += [(bytes(8) + pack(local) + blank, True) for local in _LOCALS]
    for header, free_threaded in headers:
        for place in _writable_places(memory, header):
            end = place + len(header)
            name = memory.pointer(end)
            if place % 8 or not name or not _is_name(memory, name) or _header(memory, end) is None:
                continue
            found = _definition_at(memory, stem, end, free_threaded=free_threaded)
            if found is not None and found.slots:
                yield found


def _writable_places(memory: Memory, what: bytes) -> Iterator[int]:
    """The addresses of some bytes among what a program may change."""
    for segment in memory.image.loaded():
        if segment.writable:
            end = segment.offset + segment.size
            for offset in memory.places(what, segment.offset, end):
                yield segment.address + offset - segment.offset


def _is_name(memory: Memory, address: int) -> bool:
    """Whether a string that may name a module lies at an address."""
    offset = memory.offset(address)
    if offset is None:
        return False
    name, end, _ = memory.data[offset : offset + _LONGEST_NAME].partition(b"\0")
    return bool(name and end) and _NAME_BYTES.issuperset(name)


def _name_addresses(memory: Memory, stem: bytes) -> Iterator[int]:
    """The addresses of strings that may be the module's name, dotted or not."""
    for offset in islice(memory.strings(stem + b"\0"), MOST_PLACES):
        starts = [offset]
        before = offset
        while before > max(offset - _LONGEST_NAME, 0) and memory.data[before - 1] in _NAME_BYTES:
            before -= 1
        if before < offset and memory.data[offset - 1 : offset] == b".":
            starts.append(before)
        elif before < offset:
            starts.pop()  # the end of another word; nobody points into it
        for start in starts:
            address = memory.address(start)
            if address is not None:
                yield address


def _header(memory: Memory, name: int) -> bool | None:
    """Whether the header ahead of a pointer is a free-threaded build's; None when it is none."""
    size = memory.word.size
    words = [memory.number(name - ahead * size) for ahead in range(_FREE_THREADED_HEADER, 0, -1)]
    if None in words[-_GIL_HEADER:]:
        return None
    shape = _shape([word or 0 for word in words], memory)
    if shape is None:
        return None
    free_threaded, blank = shape
    # Other tables begin alike, but with pointers where these words stay as they are.
    if any(memory.pointer(name - ahead * size) for ahead in range(1, blank + 1)):
        return None
    return free_threaded


def _shape(words: list[int], memory: Memory) -> tuple[bool, int] | None:
    """Whether words are a free-threaded build's header, and how many of them must stay blank."""
    tail = words[-_GIL_HEADER:]
    if tail[0] and tail[0] & 0xFFFFFFFF and not any(tail[1:]):
        return False, _GIL_HEADER - 1
    if words[-_PYPY_HEADER] == 1 and not any(tail):
        return False, _PYPY_HEADER - 1
    first, second, *rest = words
    if memory.word.size == 8 and first == 0 and not any(rest):  # noqa: PLR2004 - bytes of a word
        high = second >> 32 if memory.image.layout.byte_order == "little" else second & 0xFFFFFFFF
        if high == _IMMORTAL_LOCAL:
            return True, _FREE_THREADED_HEADER - 2
    return None


def _signed(memory: Memory, address: int) -> int:
    """The word at an address as a number that may be negative; 0 where there is none."""
    value, bits = memory.number(address) or 0, 8 * memory.word.size
    return value - (1 << bits) if value >> (bits - 1) else value


def _slots(memory: Memory, start: int) -> tuple[ModuleSlot, ...] | None:
    """The slots of an array that ends with 0; None where there is no such array."""
    number = struct.Struct(memory.image.layout.mark + "I")
    found: list[ModuleSlot] = []
    for place in range(start, start + 2 * _MOST_SLOTS * memory.word.size, 2 * memory.word.size):
        offset = memory.offset(place)
        value = memory.number(place + memory.word.size)
        if offset is None or value is None or offset + number.size > len(memory.data):
            return None
        (kind,) = number.unpack_from(memory.data, offset)
        if kind == 0:
            return tuple(found)
        if kind > _GREATEST_KIND:
            return None
        found.append(ModuleSlot(kind=kind, value=value))
    return None
