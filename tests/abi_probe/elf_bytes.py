"""Assemble small ELF files of any class and byte order."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

GLOBAL, WEAK, UNIQUE, LOCAL = 1, 2, 10, 0
DEFAULT, HIDDEN = 0, 2
X86_64, I386, PPC64, S390 = 62, 3, 21, 22
PROGRAM, SHARED, CORE = 2, 3, 4


class Symbol(Struct, frozen=True, kw_only=True):
    """A dynamic symbol; one without a section is needed from elsewhere."""

    name: str
    binding: int = GLOBAL
    visibility: int = DEFAULT
    section: int = 0


class Sample(Struct, frozen=True, kw_only=True):
    """What is to stand in a file.

    Attributes:
        texts: entries of the dynamic section that name a string, by tag.
        numbers: entries that are a number.
        needs: library, version and flags of each needed version.
        definitions: name and flags of each defined version.
        hashes: which tables count the symbols: `sysv`, `gnu`, both or none.
        stack: flags of the stack that it asks for, 1 for one that code can run on; None for a file
            that does not say.
    """

    bits: int = 64
    big: bool = False
    machine: int = X86_64
    kind: int = SHARED
    symbols: tuple[Symbol, ...] = ()
    texts: tuple[tuple[int, str], ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()
    needs: tuple[tuple[str, str, int], ...] = ()
    definitions: tuple[tuple[str, int], ...] = ()
    hashes: tuple[str, ...] = ("gnu",)
    interpreter: str | None = None
    stack: int | None = 6


@dataclass(kw_only=True, slots=True)
class _Writer:
    mark: str
    wide: bool
    body: bytearray = field(default_factory=bytearray)
    names: bytearray = field(default_factory=lambda: bytearray(b"\0"))

    def name(self, text: str) -> int:
        """Put a string into the string table."""
        start = len(self.names)
        self.names += text.encode() + b"\0"
        return start

    def put(self, data: bytes) -> int:
        """Append a table, aligned, and return its offset."""
        self.body += bytes(-len(self.body) % 8)
        start = len(self.body)
        self.body += data
        return start

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.mark + form, *values)


def elf(sample: Sample) -> bytes:
    """Return the bytes of a file that is loaded at address 0 as a whole."""
    out = _Writer(mark=">" if sample.big else "<", wide=sample.bits == 64)
    header_size = 64 if out.wide else 52
    segment_size = 56 if out.wide else 32
    out.body += bytes(header_size + 4 * segment_size)
    dynamic = [(tag, out.name(text)) for tag, text in sample.texts]
    dynamic += [*sample.numbers, *_symbol_tables(out, sample), *_version_tables(out, sample)]
    interpreter = out.put((sample.interpreter or "").encode() + b"\0")
    dynamic += [(5, out.put(bytes(out.names))), (10, len(out.names)), (0, 0)]
    entry = "qQ" if out.wide else "iI"
    table = b"".join(out.pack(entry, tag, value) for tag, value in dynamic)
    at = out.put(table)
    segments = [(1, 0, len(out.body), 4), (2, at, len(table), 4)]
    if sample.interpreter:
        segments.append((3, interpreter, len(sample.interpreter) + 1, 4))
    if sample.stack is not None:
        segments.append((0x6474E551, 0, 0, sample.stack))
    out.body[:header_size] = _header(out, sample, header_size, segment_size, len(segments))
    for index, fields in enumerate(segments):
        start = header_size + index * segment_size
        out.body[start : start + segment_size] = _segment(out, *fields)
    return bytes(out.body)


def _header(out: _Writer, sample: Sample, size: int, each: int, count: int) -> bytes:
    ident = b"\x7fELF" + bytes([2 if out.wide else 1, 2 if sample.big else 1, 1]) + bytes(9)
    form = "HHIQQQIHHHHHH" if out.wide else "HHIIIIIHHHHHH"
    fields = (sample.kind, sample.machine, 1, 0, size, 0, 0, size, each, count, 0, 0, 0)
    return ident + out.pack(form, *fields)


def _segment(out: _Writer, kind: int, offset: int, size: int, flags: int) -> bytes:
    if out.wide:
        return out.pack("IIQQQQQQ", kind, flags, offset, offset, offset, size, size, 8)
    return out.pack("IIIIIIII", kind, offset, offset, offset, size, size, flags, 4)


def _symbol_tables(out: _Writer, sample: Sample) -> list[tuple[int, int]]:
    # As in a linked file, what is needed comes first: the GNU table counts from the others on.
    symbols = sorted(sample.symbols, key=lambda symbol: symbol.section != 0)
    table = bytearray(24 if out.wide else 16)
    for symbol in symbols:
        info, name = symbol.binding << 4, out.name(symbol.name)
        if out.wide:
            table += out.pack("IBBHQQ", name, info, symbol.visibility, symbol.section, 0, 0)
        else:
            table += out.pack("IIIBBH", name, 0, 0, info, symbol.visibility, symbol.section)
    entries = [(6, out.put(bytes(table)))]
    if "sysv" in sample.hashes:
        form = "QQ" if sample.machine == S390 and out.wide else "II"
        entries.append((4, out.put(out.pack(form, 1, len(symbols) + 1))))
    if "gnu" in sample.hashes:
        entries.append((0x6FFFFEF5, out.put(_gnu_hash(out, symbols))))
    return entries


def _gnu_hash(out: _Writer, symbols: list[Symbol]) -> bytes:
    defined = sum(symbol.section != 0 for symbol in symbols)
    first = len(symbols) + 1 - defined
    bloom = bytes(8 if out.wide else 4)
    # One bucket and one chain; an empty table says 1 for its first symbol, as GNU ld does.
    chain = [2 * number for number in range(defined)]
    if chain:
        chain[-1] |= 1
    head = out.pack("IIII", 1, first if defined else 1, 1, 0) + bloom
    return head + out.pack(f"I{defined}I", first if defined else 0, *chain)


def _version_tables(out: _Writer, sample: Sample) -> list[tuple[int, int]]:
    entries = []
    if sample.needs:
        rows = [
            out.pack("HHIII", 1, 1, out.name(library), 16, 32 * (index + 1 < len(sample.needs)))
            + out.pack("IHHII", 0, flags, 2, out.name(version), 0)
            for index, (library, version, flags) in enumerate(sample.needs)
        ]
        entries += [(0x6FFFFFFE, out.put(b"".join(rows))), (0x6FFFFFFF, len(rows))]
    if sample.definitions:
        count = len(sample.definitions)
        rows = [
            out.pack("HHHHIII", 1, flags, 1, 1, 0, 20, 28 * (index + 1 < count))
            + out.pack("II", out.name(name), 0)
            for index, (name, flags) in enumerate(sample.definitions)
        ]
        entries += [(0x6FFFFFFC, out.put(b"".join(rows))), (0x6FFFFFFD, len(rows))]
    return entries


EXTENSION = Sample(
    symbols=(
        Symbol(name="PyList_New"),
        Symbol(name="PyWeak_Name", binding=WEAK),
        Symbol(name="malloc"),
        Symbol(name="PyInit_spam", section=7),
        Symbol(name="Py_Once", binding=UNIQUE, section=7),
        Symbol(name="_Py_Hidden", visibility=HIDDEN, section=7),
        Symbol(name="Py_Local", binding=LOCAL, section=7),
        Symbol(name="spam_helper", section=7),
    ),
    texts=(
        (1, "libm.so.6"),
        (1, "libc.so.6"),
        (14, "libspam.so.1"),
        (15, "/old"),
        (29, "$ORIGIN:/opt/lib"),
    ),
    needs=(("libc.so.6", "GLIBC_2.28", 0), ("libm.so.6", "GLIBC_2.99", 2)),
    definitions=(("libspam.so.1", 1), ("SPAM_1.0", 0), ("SPAM_1.1", 0)),
)
"""An extension with something of everything."""

SAMPLES = tuple(
    elf(replace(EXTENSION, bits=bits, big=big, hashes=hashes))
    for bits in (32, 64)
    for big in (False, True)
    for hashes in (("gnu",), ("sysv",))
)
"""The same in every class and byte order, with either hash table."""
