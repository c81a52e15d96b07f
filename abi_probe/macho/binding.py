"""Read what dyld binds when it loads a Mach-O image: bind instructions, or chained fixups."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.bounded_view import MAX_NAME
from abi_probe.errors import UnreadableError
from abi_probe.macho.leb128 import uleb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from abi_probe.bounded_view import BoundedView

_MAX_SYMBOLS: Final = 1 << 20  # libtorch_cpu has 431,000
_CHUNK: Final = 1 << 14  # imports that are looked at in one go

# In the place of a library's ordinal; other negative ones do not name a library either.
SELF: Final = 0
EXECUTABLE: Final = -1
ANYWHERE: Final = -2

_WEAK_IMPORT: Final = 0x1  # in the lower four bits of the instruction that names a symbol

# Bind instructions (`BIND_OPCODE_...`) that name neither library nor symbol, with the numbers
# that follow them: end of a lazy name, type, addend and place (none or one number each), and those
# that bind (none, one or two). Thousands may stand between two names, and a pattern passes over
# them far faster than a loop.
_NUMBER: Final = rb"[\x80-\xff]{0,9}[\0-\x7f]"
_LOCATION: Final = rb"[\0-\x0f\x50-\x5f]|[\x60-\x8f]" + _NUMBER
_BIND: Final = rb"[\x90-\x9f\xb0-\xbf]|(?:[\xa0-\xaf]|[\xc0-\xcf]" + _NUMBER + rb")" + _NUMBER
_UNNAMED: Final = re.compile(
    b"(?:%(place)b)*+((?:%(bind)b)(?:%(place)b|%(bind)b)*+)?"
    % {b"place": _LOCATION, b"bind": _BIND}
)


def bind_instructions(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Run bind instructions.

    The lazy ones have an end mark after every name, so the table's size ends them all. Source of
    the layout: `BIND_OPCODE_...` in Apple's `mach-o/loader.h`.

    Yields:
        Library ordinal, symbol as written (cut at `MAX_NAME` bytes), whether weak: once for each
        use, at however many addresses.

    Raises:
        UnreadableError: an instruction is unknown or cut off.
    """
    ordinal, symbol, weak = SELF, b"", False
    at = 0
    while found := _UNNAMED.match(data, at):
        at = found.end()
        if found[1]:
            yield ordinal, symbol, weak
        if at == len(data):
            return
        opcode, low = data[at] & 0xF0, data[at] & 0x0F
        at += 1
        match opcode:
            case 0x10:  # library
                ordinal = low
            case 0x20:
                ordinal, at = uleb(data, at)
            case 0x30:  # no library
                ordinal = low - 16 if low else SELF
            case 0x40:
                symbol, at = _name(data, at)
                weak = bool(low & _WEAK_IMPORT)
            case 0xD0:  # threaded: how many binds follow, or where to apply them
                at = at if low else uleb(data, at)[1]
            case _:
                raise UnreadableError(f"bind instruction {opcode:#x}, unknown or cut off, at {at}")


def _name(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise UnreadableError(f"symbol name without an end at offset {at} of the bind table")
    return data[at : min(end, at + MAX_NAME)], end + 1


# Of the fixups' header: where the imports and their names are, how many, in which of the formats.
_FIXUPS_HEADER: Final = "8x5I"


class _ImportFormat(Struct, frozen=True, kw_only=True):
    """How an import of the chained fixups is packed: `ordinal`, one bit `weak`, `name`."""

    layout: str
    ordinal_bits: int
    name_from: int


_IMPORT_FORMATS: Final[Mapping[int, _ImportFormat]] = {
    1: _ImportFormat(layout="I", ordinal_bits=8, name_from=9),
    2: _ImportFormat(layout="I4x", ordinal_bits=8, name_from=9),  # and an addend
    3: _ImportFormat(layout="Q8x", ordinal_bits=16, name_from=32),  # and a wide addend
}
_LOWEST_SPECIAL: Final = -15  # ordinals from here to -1 name no library; others are unsigned


def chained_imports(window: BoundedView, order: str) -> Iterator[tuple[int, bytes, bool]]:
    """Read the imports of LC_DYLD_CHAINED_FIXUPS: ordinal, symbol as written, whether weak.

    Source of the layout: Apple's `mach-o/fixup-chains.h`.
    """
    header = struct.Struct(order + _FIXUPS_HEADER)
    imports, names, count, number, packing = window.unpack(header, 0, "chained fixups")
    form = _IMPORT_FORMATS.get(number)
    if form is None or packing:
        raise UnreadableError(f"chained fixups in format {number}, names in format {packing}")
    check_count(count)
    entry = struct.Struct(order + form.layout)
    table = window.part(imports, count * entry.size, "imports of the chained fixups")
    strings = window.part(names, window.size - names, "names of the chained fixups")
    for first in range(0, count, _CHUNK):
        size = min(_CHUNK, count - first) * entry.size
        for (packed,) in entry.iter_unpack(table.read(first * entry.size, size, "imports")):
            ordinal = packed & ((1 << form.ordinal_bits) - 1)
            if ordinal >= (1 << form.ordinal_bits) + _LOWEST_SPECIAL:
                ordinal -= 1 << form.ordinal_bits
            symbol = strings.string(packed >> form.name_from, "name of an import")
            yield ordinal, symbol, bool(packed >> form.ordinal_bits & 1)


_STARTS_AT: Final = "4xI"  # of the fixups' header: where it says what each segment's chains are
_FORMAT_AT: Final = "6xH"  # of what it says of a segment
_MAX_SEGMENTS: Final = 256


def pointer_format(window: BoundedView, order: str) -> int | None:
    """Read of which kind the pointers in the chains are, None where there are no chains.

    Linkers write one kind for all segments of an image (`dyld_chained_starts_in_image`).

    Raises:
        UnreadableError: the table is cut off.
    """
    (starts,) = window.unpack(struct.Struct(order + _STARTS_AT), 0, "chained fixups")
    number = struct.Struct(order + "I")
    (count,) = window.unpack(number, starts, "chained fixups")
    for index in range(min(count, _MAX_SEGMENTS)):
        at = starts + number.size * (1 + index)
        (ahead,) = window.unpack(number, at, "chained fixups")
        if ahead:
            kind = struct.Struct(order + _FORMAT_AT)
            return window.unpack(kind, starts + ahead, "chained fixups")[0]
    return None


def check_count(count: int) -> None:
    """Refuse a number of symbols that no linker writes.

    Raises:
        UnreadableError: it is one.
    """
    if count > _MAX_SYMBOLS:
        raise UnreadableError(f"{count} symbols in one Mach-O image")
