"""Read what an ELF file needs and gives."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from abi_probe.elf.address_space import ElfAddressSpace
from abi_probe.elf.external_symbols import read_external_symbols, read_hashes
from abi_probe.elf.image import MAGIC, DynamicTag, ElfImage, ElfType, open_image
from abi_probe.elf.symbol_versions import read_version_definitions, read_version_needs
from abi_probe.elf.symbols import read_symbols
from abi_probe.errors import NotABinaryError
from abi_probe.model import Binary, Format
from abi_probe.module_defs import module_stems, read_definitions
from abi_probe.numpy_api import needs_numpy1

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from mmap import mmap

_NOTE: Final = "III4s"  # sizes of name and content, kind, name
_PROPERTIES: Final = (5, b"GNU\0")  # NT_GNU_PROPERTY_TYPE_0
_NEEDED: Final = 0xC0008002  # GNU_PROPERTY_X86_ISA_1_NEEDED
_MOST: Final = 4096  # bytes; two dozen properties are defined


def read_levels(image: ElfImage) -> int:
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


_DF_STATIC_TLS: Final = 0x10
_DF_1_NOOPEN: Final = 0x40
_DF_1_NODEFLIB: Final = 0x800
_DF_1_PIE: Final = 0x08000000
# Machines whose glibc takes a file that says nothing for one that runs code on the stack (its
# `sysdeps/*/stackinfo.h`), of those that wheels are built for.
_STACK_RUNS_CODE: Final = frozenset({"x86_64", "i686"})

# `EI_OSABI` of systems that mark their files with it. Linux loads none but its own, 0 and 3.
_OURS: Final = frozenset({0, 3})
_SYSTEMS: Final[Mapping[int, str]] = {2: "netbsd", 6: "solaris", 9: "freebsd", 12: "openbsd"}

# By (e_machine, bits, byte order), in the words of `platform.machine()`.
_MACHINES: Final[Mapping[tuple[int, int, str], str]] = {
    (2, 32, "big"): "sparc",
    (3, 32, "little"): "i686",
    (8, 32, "big"): "mips",
    (8, 32, "little"): "mipsel",
    (8, 64, "big"): "mips64",
    (8, 64, "little"): "mips64el",
    (20, 32, "big"): "ppc",
    (21, 64, "big"): "ppc64",
    (21, 64, "little"): "ppc64le",
    (22, 32, "big"): "s390",
    (22, 64, "big"): "s390x",
    (40, 32, "big"): "armv7b",
    (40, 32, "little"): "armv7l",
    (43, 64, "big"): "sparc64",
    (50, 64, "little"): "ia64",
    (62, 32, "little"): "x32",
    (62, 64, "little"): "x86_64",
    (183, 64, "big"): "aarch64_be",
    (183, 64, "little"): "aarch64",
    (243, 32, "little"): "riscv32",
    (243, 64, "little"): "riscv64",
    (258, 32, "little"): "loongarch32",
    (258, 64, "little"): "loongarch64",
    (0x9026, 64, "little"): "alpha",
}


def read_elf(data: bytes | memoryview | mmap) -> Binary:
    """Read one ELF file.

    Args:
        data: the whole file.

    Returns:
        What it needs and gives. An object file, a core and a program are `shared_library=False`;
        a machine without a name here is `elf-machine-` and its number.

    Raises:
        NotABinaryError: it does not begin as an ELF file does.
        UnreadableError: it is cut off or contradicts itself; the message names the offset.
    """
    view = memoryview(data)
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise NotABinaryError("no ELF header")
    image = open_image(view)
    imports, exports = read_symbols(image)
    stems = module_stems(exports)
    memory = ElfAddressSpace.of(image) if stems else None
    return Binary(
        format=Format.ELF,
        machines=(_machine(image),),
        bits=image.layout.bits,
        byte_order=image.layout.byte_order,
        shared_library=_is_shared_library(image),
        program=_is_program(image),
        soname=image.text(DynamicTag.SONAME),
        needed=tuple(_needed(image)),
        rpath=_folders(image, DynamicTag.RPATH),
        runpath=_folders(image, DynamicTag.RUNPATH),
        interpreter=image.interpreter(),
        imports=imports,
        exports=exports,
        version_needs=tuple(dict.fromkeys(read_version_needs(image))),
        version_definitions=frozenset(read_version_definitions(image)),
        definitions=read_definitions(memory, stems) if memory is not None else (),
        numpy_1=memory is not None and needs_numpy1(memory),
        executable_stack=_executable_stack(image),
        default_folders=not image.last(DynamicTag.FLAGS_1) & _DF_1_NODEFLIB,
        thread_memory=image.thread_memory() if image.last(DynamicTag.FLAGS) & _DF_STATIC_TLS else 0,
        levels=read_levels(image),
        foreign=read_external_symbols(image),
        hashes=read_hashes(image),
    )


def _machine(image: ElfImage) -> str:
    key = (image.machine, image.layout.bits, image.layout.byte_order)
    name = _MACHINES.get(key, f"elf-machine-{image.machine}")
    if image.system in _OURS:
        return name
    return f"{name}-{_SYSTEMS.get(image.system, f'elf-system-{image.system}')}"


def _is_shared_library(image: ElfImage) -> bool:
    # A position-independent program has the type of a library; glibc refuses to load it as one.
    refused = image.last(DynamicTag.FLAGS_1) & (_DF_1_PIE | _DF_1_NOOPEN)
    return image.kind == ElfType.SHARED and bool(image.dynamic) and not refused


def _is_program(image: ElfImage) -> bool:
    position_independent = bool(image.last(DynamicTag.FLAGS_1) & _DF_1_PIE)
    return image.kind == ElfType.PROGRAM or (image.kind == ElfType.SHARED and position_independent)


def _needed(image: ElfImage) -> Iterator[str]:
    """Yield the libraries that must be loaded with it; those that it is a filter for are too."""
    for tag in (DynamicTag.NEEDED, DynamicTag.FILTER):
        yield from map(image.string, image.dynamic.get(tag, ()))


def _executable_stack(image: ElfImage) -> bool:
    flag = image.asks_for_executable_stack()
    return _machine(image) in _STACK_RUNS_CODE if flag is None else flag


def _folders(image: ElfImage, tag: DynamicTag) -> tuple[str, ...]:
    text = image.text(tag)
    return () if text is None else tuple(text.split(":"))
