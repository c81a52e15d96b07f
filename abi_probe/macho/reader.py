"""Read a Mach-O file, thin or fat, into a `Binary`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from abi_probe.address_space import AddressSpace, searchable, without_overlaps
from abi_probe.bounded_view import BoundedView
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.macho.binding import pointer_format
from abi_probe.macho.load_commands import FileType, read_image
from abi_probe.macho.symbols import read_symbols
from abi_probe.model import Binary, Format, ImportedSymbol
from abi_probe.module_defs import module_stems, read_definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from abi_probe.bounded_view import Buffer
    from abi_probe.macho.load_commands import MachoImage
    from abi_probe.model import ModuleDefinition

# The kinds of pointer that chains of fixups have outside of Apple's own libraries: 36 bits of
# target, 15 that are zero, 12 that lead to the next one, one that says that another library has it.
# Source: `DYLD_CHAINED_PTR_64` in Apple's `mach-o/fixup-chains.h`.
_FROM_ZERO: Final = 2  # DYLD_CHAINED_PTR_64
_FROM_BASE: Final = 6  # DYLD_CHAINED_PTR_64_OFFSET
_TARGET: Final = (1 << 36) - 1
_BOUND: Final = 1 << 63
_STILL: Final = 6  # bytes of such a pointer that its place in the chain does not change


@dataclass(frozen=True, kw_only=True, slots=True)
class MachoAddressSpace(AddressSpace):
    """A Mach-O image as it lies in memory.

    Attributes:
        base: what is added to a pointer's target; None where pointers stand as they are.
    """

    base: int | None

    @classmethod
    def of(cls, image: MachoImage) -> MachoAddressSpace | None:
        """Prepare an image; None where its pointers are of a kind that no wheel's are.

        Raises:
            UnreadableError: the chained fixups are cut off.
        """
        base = None
        if "chained" in image.commands.parts:
            window = image.window.part(*image.commands.parts["chained"], "chained fixups")
            kind = pointer_format(window, image.order)
            if kind not in {_FROM_ZERO, _FROM_BASE}:
                return None
            base = image.commands.base if kind == _FROM_BASE else 0
        return cls(
            data=searchable(image.window.data),
            mark=image.order,
            word=struct.Struct(image.order + ("I" if image.bits == 32 else "Q")),  # noqa: PLR2004
            stretches=without_overlaps(image.commands.sections),
            base=base,
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds; 0 for one to another library's symbol as well."""
        number = self.number(address)
        if not number or self.base is None:
            return number
        return 0 if number & _BOUND else self.base + (number & _TARGET)

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        value = address - (self.base or 0)
        if 0 <= value <= (_TARGET if self.word.size == 8 else 0xFFFFFFFF):  # noqa: PLR2004  bytes
            still = _STILL if self.base is not None else self.word.size
            yield from self.writable_occurrences(self.word.pack(value)[:still])


# The records of a fat file are big-endian whatever its slices are: CPU, subtype, offset, size.
_FAT: Final = {
    bytes.fromhex("cafebabe"): struct.Struct(">IIII4x"),
    bytes.fromhex("cafebabf"): struct.Struct(">IIQQ8x"),
}
_FAT_HEADER: Final = struct.Struct(">4xI")
_MAX_SLICES: Final = 42  # a Java class file begins alike, and its version stands here: 43 and up

# By CPU type and, where it makes another machine, subtype; `platform.machine()`'s words.
_MACHINES: Final = {
    (7, None): "i386",
    (12, None): "arm",
    (18, None): "ppc",
    (0x01000007, None): "x86_64",
    (0x01000007, 8): "x86_64h",  # Haswell and newer only
    (0x0100000C, None): "arm64",
    (0x0100000C, 2): "arm64e",  # signed pointers: no `arm64` process loads it
    (0x01000012, None): "ppc64",
    (0x0200000C, None): "arm64_32",
}


def read_macho(data: Buffer) -> Binary:
    """Read one Mach-O file.

    Of a fat file every slice is read, and the answer holds for whichever of them is loaded:
    what any slice imports or needs is needed, only what all export is given. All else is the
    first slice's, but `minimum_os`, which names each slice.

    Args:
        data: the whole file.

    Raises:
        NotABinaryError: it does not begin as a Mach-O file does.
        UnreadableError: it is cut off or contradicts itself.
    """
    images = [read_image(part) for part in _slices(BoundedView.whole(data))]
    symbols = [read_symbols(image) for image in images]
    first = images[0]
    dylibs = (dylib for image in images for dylib in image.commands.dylibs)
    return Binary(
        format=Format.MACHO,
        machines=tuple(dict.fromkeys(_machine(image) for image in images)),
        bits=first.bits,
        byte_order="little" if first.order == "<" else "big",
        shared_library=first.filetype in {FileType.DYLIB, FileType.BUNDLE},
        program=first.filetype == FileType.PROGRAM,
        soname=first.commands.soname,
        needed=tuple(dict.fromkeys(dylib.path for dylib in dylibs if dylib.required)),
        runpath=tuple(dict.fromkeys(p for image in images for p in image.commands.rpaths)),
        imports=_united(imports for imports, _ in symbols),
        exports=frozenset.intersection(*(exports for _, exports in symbols)),
        definitions=_definitions(first, symbols[0][1]),
        minimum_os=tuple(
            (_machine(image), image.commands.minimum_os)
            for image in images
            if image.commands.minimum_os is not None
        ),
    )


def _definitions(image: MachoImage, exports: frozenset[str]) -> tuple[ModuleDefinition, ...]:
    """The modules' definitions, looked for where there are modules only."""
    stems = module_stems(exports)
    memory = MachoAddressSpace.of(image) if stems else None
    return read_definitions(memory, stems) if memory is not None else ()


def _slices(window: BoundedView) -> Iterator[BoundedView]:
    """The images of a file: itself, or each slice of a fat one."""
    record = _FAT.get(window.read(0, min(4, window.size), "magic"))
    if record is None:
        yield window
        return
    (count,) = window.unpack(_FAT_HEADER, 0, "fat header")
    if count > _MAX_SLICES:
        raise NotABinaryError("a Java class file, or a fat Mach-O of an impossible number")
    if not count:
        raise UnreadableError("fat Mach-O without a slice")
    rows = [
        window.unpack(record, _FAT_HEADER.size + index * record.size, f"fat record {index}")
        for index in range(count)
    ]
    _check_apart([(offset, size) for _, _, offset, size in rows])
    for cpu, _, offset, size in rows:
        part = window.part(offset, size, f"slice for CPU {cpu:#x}")
        if part.read(0, min(8, size), "magic") == b"!<arch>\n":
            raise UnreadableError("fat archive of object files, nothing that is loaded")
        yield part


def _check_apart(ranges: Sequence[tuple[int, int]]) -> None:
    """Refuse slices that share bytes, so that all together are no more work than the file."""
    for (offset, size), (following, _) in pairwise(sorted(ranges)):
        if offset + size > following:
            raise UnreadableError(f"slices at {offset} and {following} overlap")


def _machine(image: MachoImage) -> str:
    cpu, subtype = image.cpu
    known = _MACHINES.get((cpu, subtype)) or _MACHINES.get((cpu, None))
    return known or f"macho-cpu-{cpu:#x}"


def _united(slices: Iterable[Iterable[ImportedSymbol]]) -> tuple[ImportedSymbol, ...]:
    """Every name that a slice needs, strong if one of them needs it so."""
    found: dict[str, ImportedSymbol] = {}
    for symbol in (symbol for imports in slices for symbol in imports):
        known = found.get(symbol.name)
        if known is None or (known.weak and not symbol.weak):
            found[symbol.name] = symbol
    return tuple(found[name] for name in sorted(found))
