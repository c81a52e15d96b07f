"""Read a Mach-O file, thin or fat, into a `Binary`."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from abi_probe.definitions import module_stems, read_definitions
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.macho.commands import FileType, read_image
from abi_probe.macho.memory import MachoMemory
from abi_probe.macho.symbols import read_symbols
from abi_probe.model import Binary, Format, ImportedSymbol
from abi_probe.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from abi_probe.macho.commands import Image
    from abi_probe.model import ModuleDefinition
    from abi_probe.window import Buffer

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
    images = [read_image(part) for part in _slices(Window.whole(data))]
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


def _definitions(image: Image, exports: frozenset[str]) -> tuple[ModuleDefinition, ...]:
    """The modules' definitions, looked for where there are modules only."""
    stems = module_stems(exports)
    memory = MachoMemory.of(image) if stems else None
    return read_definitions(memory, stems) if memory is not None else ()


def _slices(window: Window) -> Iterator[Window]:
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


def _check_apart(places: Sequence[tuple[int, int]]) -> None:
    """Refuse slices that share bytes, so that all together are no more work than the file."""
    for (offset, size), (following, _) in pairwise(sorted(places)):
        if offset + size > following:
            raise UnreadableError(f"slices at {offset} and {following} overlap")


def _machine(image: Image) -> str:
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
