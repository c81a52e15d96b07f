"""Read a PE file, a Windows DLL or program, into a `Binary`."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe.address_space import AddressSpace, MappedSegment, searchable, without_overlaps
from abi_probe.bounded_view import MAX_KEPT, MAX_NAME, BoundedView, as_text
from abi_probe.errors import UnreadableError
from abi_probe.model import Binary, Format, ImportedSymbol
from abi_probe.module_defs import module_stems, read_definitions
from abi_probe.pe.image import PeImage, read_image
from abi_probe.symbol_names import is_python_symbol, is_relevant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from abi_probe.bounded_view import Buffer


@dataclass(frozen=True, kw_only=True, slots=True)
class PeAddressSpace(AddressSpace):
    """A PE file as it lies in memory.

    Attributes:
        base: the address that it would like to be loaded at, which its pointers count from.
    """

    base: int

    @classmethod
    def of(cls, image: PeImage) -> PeAddressSpace:
        """Prepare an image."""
        stretches = (
            MappedSegment(
                offset=image.window.start + each.offset,
                address=each.address,
                size=each.raw,
                writable=each.writable,
                executable=each.executable,
            )
            for each in image.sections[1:]  # the headers are the first
        )
        return cls(
            data=searchable(image.window.data),
            mark="<",
            word=struct.Struct("<I" if image.bits == 32 else "<Q"),  # noqa: PLR2004  32 bits
            stretches=without_overlaps(stretches),
            base=image.base,
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds."""
        number = self.number(address)
        return number - self.base if number and number >= self.base else number

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        value = self.base + address
        if value >> 8 * self.word.size == 0:
            yield from self.writable_occurrences(self.word.pack(value))


_MAX_LIBRARIES: Final = 1 << 12
_MAX_IMPORTS: Final = 1 << 18  # of all libraries together; Qt's bindings have some 10,000
_MAX_EXPORTS: Final = 1 << 16  # an export's ordinal has 16 bits
_THUNKS: Final = 512  # that are read in one go

_DLL: Final = 0x2000  # IMAGE_FILE_DLL

_MACHINES: Final[Mapping[int, str]] = {
    0x014C: "win32",
    0x01C0: "arm",
    0x01C4: "arm",
    0x0200: "ia64",
    0x8664: "amd64",
    0xA641: "arm64ec",
    0xAA64: "arm64",
}

# `python3.dll`, `python313t_d.dll`, `libpypy3.11-c.dll`, MSYS2's `libpython3.12.dll`; not pywin32's
# `pythoncom311.dll`, which is one more extension.
_PYTHON_DLL: Final = re.compile(r"(?:lib)?(?:python|pypy)\d[\w.-]*\.dll", re.IGNORECASE | re.ASCII)


def is_python_dll(name: str) -> bool:
    """Whether a DLL is a Python runtime's own, whose name is the ABI of what imports from it."""
    return _PYTHON_DLL.fullmatch(name) is not None


class _Table(IntEnum):
    """Numbers of the directories."""

    EXPORT = 0
    IMPORT = 1
    DELAY_IMPORT = 13


def read_pe(data: Buffer) -> Binary:
    """Read one PE file, PE32 or PE32+.

    `needed` is what must be there for it to load, in the order of its import table. Of the
    DLLs that it loads late, at their first use, only a Python runtime's is listed, because it
    decides the ABI all the same. All names that it imports from a Python runtime's DLL are kept,
    one without a name as `#12`, its ordinal; names of late imports are weak, for loading succeeds
    without them.

    Args:
        data: the whole file.

    Raises:
        NotABinaryError: it does not begin as a PE file does.
        UnreadableError: it is cut off or contradicts itself.
    """
    image = read_image(BoundedView.whole(data))
    imports = _PeImports(image=image)
    imports.read()
    soname, exports = _exports(image)
    stems = module_stems(exports)
    return Binary(
        format=Format.PE,
        machines=(_MACHINES.get(image.machine, f"pe-machine-{image.machine:#x}"),),
        bits=image.bits,
        byte_order="little",
        shared_library=bool(image.characteristics & _DLL),
        program=not image.characteristics & _DLL,
        soname=soname,
        needed=tuple(dict.fromkeys(imports.needed)),
        imports=tuple(imports.found[name] for name in sorted(imports.found)),
        exports=exports,
        definitions=read_definitions(PeAddressSpace.of(image), stems) if stems else (),
    )


class _Library(Struct, frozen=True, kw_only=True):
    """One DLL of an import table: its name, where its names are, whether it is loaded late."""

    name: str
    thunks: int
    late: bool
    base: int  # what to take off an address to make it relative


# Names (0 in what Borland's linker writes), time, forwarder, the DLL's name, addresses to fill.
_IMPORT: Final = struct.Struct("<5I")
# Attributes, the DLL's name, its handle, addresses to fill, names, and three of no interest.
_DELAY_IMPORT: Final = struct.Struct("<8I")
_RELATIVE: Final = 1  # attribute: addresses are relative, as all linkers since 2002 write them


class _PeImports(Struct, kw_only=True):
    """What an image imports.

    A name that comes from two DLLs is kept once, from the first that must be there.
    """

    image: PeImage
    needed: list[str] = field(default_factory=list)
    found: dict[str, ImportedSymbol] = field(default_factory=dict)
    left: int = _MAX_IMPORTS

    def read(self) -> None:
        """Read the import table, then that of the late ones."""
        for library in (*_libraries(self.image), *_late_libraries(self.image)):
            runtime = is_python_dll(library.name)
            if runtime or not library.late:
                self.needed.append(library.name)
            self._read_names(library, runtime=runtime)

    def _read_names(self, library: _Library, *, runtime: bool) -> None:
        for thunk in self._thunks(library.thunks):
            by_ordinal = thunk >> (self.image.bits - 1)
            if by_ordinal and not runtime:
                continue
            # Before the name stands a hint of two bytes.
            address = thunk - library.base + 2
            name = (
                f"#{thunk & 0xFFFF}".encode()
                if by_ordinal
                else self.image.string(address, f"name imported from {library.name}")
            )
            if len(name) < MAX_NAME and (runtime or is_python_symbol(name)):
                self._add(as_text(name), library)

    def _add(self, name: str, library: _Library) -> None:
        known = self.found.get(name)
        if known is None or (known.weak and not library.late):
            self.found[name] = ImportedSymbol(name=name, weak=library.late, library=library.name)
        if len(self.found) > MAX_KEPT:
            raise UnreadableError(f"imports of more than {MAX_KEPT} names of Python's")

    def _thunks(self, address: int) -> Iterator[int]:
        """The entries of a table of names, which ends with a zero."""
        entry = struct.Struct("<I" if self.image.bits == 32 else "<Q")  # noqa: PLR2004  32 bits
        while True:
            available = self.image.available(address, "imported names") // entry.size
            data = self.image.read(address, min(_THUNKS, available) * entry.size, "imported names")
            if not data:
                raise UnreadableError(f"imported names without an end at address {address:#x}")
            for (thunk,) in entry.iter_unpack(data):
                if not thunk:
                    return
                self.left -= 1
                if self.left < 0:
                    raise UnreadableError(f"more than {_MAX_IMPORTS} imported names")
                yield thunk
            address += len(data)


def _libraries(image: PeImage) -> Iterator[_Library]:
    """The DLLs of the import table, which ends with a record of zeros."""
    for names, _, _, name, slots in _records(image, _Table.IMPORT, _IMPORT):
        if not name or not slots:
            return
        dll = as_text(image.string(name, "name of a DLL"))
        yield _Library(name=dll, thunks=names or slots, late=False, base=0)


def _late_libraries(image: PeImage) -> Iterator[_Library]:
    """The DLLs that are loaded when one of their names is first used."""
    for attributes, name, _, _, names, *_ in _records(image, _Table.DELAY_IMPORT, _DELAY_IMPORT):
        if not name:
            return
        base = 0 if attributes & _RELATIVE else image.base
        dll = as_text(image.string(name - base, "name of a DLL"))
        yield _Library(name=dll, thunks=names - base, late=True, base=base)


def _records(image: PeImage, table: _Table, layout: struct.Struct) -> Iterator[tuple[int, ...]]:
    """The records of a directory, up to the caller's own idea of an end."""
    start = image.directories[table]
    for index in range(_MAX_LIBRARIES if start else 0):
        yield image.unpack(layout, start + index * layout.size, "import table")
    if start:
        raise UnreadableError(f"import table of more than {_MAX_LIBRARIES} libraries")


# The DLL's own name, first ordinal, number of functions and of names, and where functions, names
# and the names' ordinals are.
_EXPORTS: Final = struct.Struct("<12x7I")


def _exports(image: PeImage) -> tuple[str | None, frozenset[str]]:
    """The name under which a DLL was linked, and what it exports by name.

    A name that is forwarded to another DLL counts: nearly all of `python3.dll` is such.
    """
    start = image.directories[_Table.EXPORT]
    if not start:
        return None, frozenset()
    own, _, functions, count, addresses, names, ordinals = image.unpack(
        _EXPORTS, start, "export table"
    )
    if functions > _MAX_EXPORTS or count > _MAX_EXPORTS:
        raise UnreadableError(f"{functions} functions exported under {count} names")
    filled = _words("<I", image, addresses, functions)
    entries = zip(
        _words("<I", image, names, count), _words("<H", image, ordinals, count), strict=True
    )
    found = frozenset(
        as_text(name)
        for entry, ordinal in entries
        if ordinal < functions and filled[ordinal]
        if len(name := image.string(entry, "exported name")) < MAX_NAME and is_relevant(name)
    )
    return (as_text(image.string(own, "DLL's own name")) if own else None), found


def _words(layout: str, image: PeImage, address: int, count: int) -> tuple[int, ...]:
    if not count:
        return ()
    entry = struct.Struct(layout)
    data = image.read(address, count * entry.size, "export table")
    return tuple(number for (number,) in entry.iter_unpack(data))
