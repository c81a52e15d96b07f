"""Read the names that a Mach-O image needs and gives."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe.bounded_view import MAX_KEPT, MAX_NAME, as_text
from abi_probe.errors import UnreadableError
from abi_probe.macho.binding import (
    ANYWHERE,
    EXECUTABLE,
    SELF,
    bind_instructions,
    chained_imports,
    check_count,
)
from abi_probe.macho.export_trie import read_export_trie
from abi_probe.model import ImportedSymbol
from abi_probe.symbol_names import is_python_symbol, is_relevant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.macho.load_commands import MachoImage

_MAX_TRIE: Final = 1 << 24  # bytes; libtorch_cpu's, the largest that was met, has 2.2 MB
_MAX_BINDS: Final = 1 << 22  # bytes of instructions; PyMuPDF's have 0.5 MB, more than all others
_CHUNK: Final = 1 << 14  # symbols that are looked at in one go
_TWO_LEVEL: Final = 0x80  # MH_TWOLEVEL: each name says which library gives it

# Of an entry of the symbol table (`nlist`).
_STAB: Final = 0xE0
_EXTERNAL: Final = 0x01
_PRIVATE_EXTERNAL: Final = 0x10
_TYPE: Final = 0x0E
_UNDEFINED: Final = (0x0, 0xC)  # N_UNDF, N_PBUD
_WEAK_REFERENCE: Final = 0x40


class _MachoImports(Struct, kw_only=True):
    """The needed names of one image, each once."""

    image: MachoImage
    found: dict[str, ImportedSymbol] = field(default_factory=dict)

    def add(self, symbol: bytes, ordinal: int, *, weak: bool) -> None:
        """Note a name as written, with Mach-O's underscore; one strong use makes it strong."""
        name = symbol.removeprefix(b"_")
        if ordinal == SELF or len(symbol) >= MAX_NAME or not is_python_symbol(name):
            return
        text = as_text(name)
        known = self.found.get(text)
        if known is None or (known.weak and not weak):
            library = self._library(ordinal)
            self.found[text] = ImportedSymbol(name=text, weak=weak, library=library)
        if len(self.found) > MAX_KEPT:
            raise UnreadableError(f"imports of more than {MAX_KEPT} names of Python's")

    def _library(self, ordinal: int) -> str | None:
        dylibs = self.image.commands.dylibs
        if ordinal < 0:
            return None
        if ordinal > len(dylibs):
            raise UnreadableError(f"a name from library {ordinal} of {len(dylibs)}")
        return dylibs[ordinal - 1].path


def read_symbols(image: MachoImage) -> tuple[tuple[ImportedSymbol, ...], frozenset[str]]:
    """Read the names that matter to a Python runtime.

    The tables that dyld itself uses decide: bind opcodes or chained fixups, and the export trie.
    Only a file without them (before macOS 10.6, or an object file) is read by its symbol table.

    Returns:
        What the image needs and does not define, sorted by name; what it exports.

    Raises:
        UnreadableError: a table is cut off or contradicts itself.
    """
    parts = image.commands.parts
    imports = _MachoImports(image=image)
    exports: set[str] = set()
    if parts.keys() & {"bind", "weak_bind", "lazy_bind", "chained"}:
        _bound(image, imports)
    if "export" in parts:
        exports |= read_export_trie(_table(image, "export"))
    if not parts:
        exports |= _listed(image, imports)
    needed = tuple(symbol for name, symbol in sorted(imports.found.items()) if name not in exports)
    return needed, frozenset(exports)


def _table(image: MachoImage, name: str) -> bytes:
    offset, size = image.commands.parts[name]
    if size > (_MAX_TRIE if name == "export" else _MAX_BINDS):
        raise UnreadableError(f"{name} table of {size} bytes at offset {offset}")
    return image.window.read(offset, size, f"{name} table")


def _bound(image: MachoImage, imports: _MachoImports) -> None:
    """Note what dyld binds."""
    parts = image.commands.parts
    for name in ("bind", "lazy_bind", "weak_bind"):
        if name in parts:
            # What is bound weakly only is looked for among what others define, and may be absent.
            coalesced = name == "weak_bind"
            for ordinal, symbol, weak in bind_instructions(_table(image, name)):
                imports.add(symbol, ANYWHERE if coalesced else ordinal, weak=weak or coalesced)
    if "chained" in parts:
        window = image.window.part(*parts["chained"], "chained fixups")
        for ordinal, symbol, weak in chained_imports(window, image.order):
            imports.add(symbol, ordinal, weak=weak)


def _listed(image: MachoImage, imports: _MachoImports) -> set[str]:
    """Note what the symbol table has undefined, and return what it defines for others."""
    exports: set[str] = set()
    table = image.commands.symbols
    if table is None:
        return exports
    strings = image.window.part(table.strings, table.strings_size, "string table")
    for name_at, kind, description in _entries(image, table.symbols, table.count):
        symbol = strings.string(name_at, "symbol name")
        if kind & _TYPE in _UNDEFINED:
            ordinal = _listed_ordinal(image, description)
            imports.add(symbol, ordinal, weak=bool(description & _WEAK_REFERENCE))
        elif not kind & _PRIVATE_EXTERNAL and _is_export(symbol):
            exports.add(as_text(symbol.removeprefix(b"_")))
        if len(exports) > MAX_KEPT:
            raise UnreadableError(f"symbol table of more than {MAX_KEPT} names of Python's")
    return exports


def _is_export(symbol: bytes) -> bool:
    return len(symbol) < MAX_NAME and is_relevant(symbol.removeprefix(b"_"))


def _entries(image: MachoImage, start: int, count: int) -> Iterator[tuple[int, int, int]]:
    """The external symbols: offset of the name, type, description."""
    entry = struct.Struct(image.order + ("IBxH4x" if image.bits == 32 else "IBxH8x"))  # noqa: PLR2004
    check_count(count)
    table = image.window.part(start, count * entry.size, "symbol table")
    for first in range(0, count, _CHUNK):
        size = min(_CHUNK, count - first) * entry.size
        for name_at, kind, description in entry.iter_unpack(
            table.read(first * entry.size, size, "symbols")
        ):
            if kind & _EXTERNAL and not kind & _STAB:
                yield name_at, kind, description


def _listed_ordinal(image: MachoImage, description: int) -> int:
    """The library ordinal of an undefined symbol, as bind instructions have it."""
    if not image.flags & _TWO_LEVEL:
        return ANYWHERE
    ordinal = description >> 8
    return {0xFE: ANYWHERE, 0xFF: EXECUTABLE}.get(ordinal, ordinal)
