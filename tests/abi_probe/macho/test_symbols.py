"""Names that a Mach-O needs and gives, in each of the tables that hold them."""

from __future__ import annotations

import pytest

from abi_probe.errors import UnreadableError
from abi_probe.macho.reader import read_macho
from abi_probe.model import ImportedSymbol
from tests.abi_probe.macho_bytes import PPC, bind, chained, dylib, macho, symbol, trie, uleb2

SYSTEM = "/usr/lib/libSystem.B.dylib"
PYTHON = "@rpath/Python3.framework/Versions/3.9/Python3"
STRINGS = b"\0_PyLong_FromLong\0_PyInit_x\0_Py_Weak\0__PyHidden\0"


def strong(name: str, library: str | None = None) -> ImportedSymbol:
    return ImportedSymbol(name=name, library=library)


def weak(name: str, library: str | None = None) -> ImportedSymbol:
    return ImportedSymbol(name=name, weak=True, library=library)


class TestBinding:
    @pytest.mark.parametrize(
        ("instructions", "expected"),
        [
            pytest.param(bind("_PyLong_Type"), strong("PyLong_Type", PYTHON), id="library"),
            pytest.param(bind("_PyLong_Type", -2), strong("PyLong_Type"), id="flat"),
            pytest.param(bind("_PyLong_Type", -1), strong("PyLong_Type"), id="main-program"),
            pytest.param(bind("__Py_Dealloc", -2), strong("_Py_Dealloc"), id="one-underscore"),
            pytest.param(bind("_Py_X", weak=True), weak("Py_X", PYTHON), id="weak"),
            pytest.param(
                bind("_Py_X", weak=True) + bind("_Py_X", -2), strong("Py_X"), id="strong-wins"
            ),
            pytest.param(
                b"\x20\x01\x40_Py_X\0\xa0\x08", strong("Py_X", PYTHON), id="ordinal-as-uleb"
            ),
            pytest.param(
                b"\xd0\x80\x02\x11\x40_Py_X\0\x60\x7f\x90\xd1",
                strong("Py_X", PYTHON),
                id="threaded",
            ),
            pytest.param(
                b"\x3e\x40_Py_X\0\x72\x80\x01\xc0\x04\x08\x80\x10\xb3", strong("Py_X"), id="times"
            ),
        ],
    )
    def test_bind_instructions(self, instructions: bytes, expected: ImportedSymbol) -> None:
        found = read_macho(macho(dylib(PYTHON), bind=instructions + bytes(4)))
        assert found.imports == (expected,)

    @pytest.mark.parametrize(
        "instructions",
        [
            pytest.param(bind("_Py_X", 0), id="from-itself"),
            pytest.param(bind("_malloc"), id="not-python's"),
            pytest.param(b"\x11\x40_Py_X\0", id="named-but-never-bound"),
        ],
    )
    def test_what_is_no_import(self, instructions: bytes) -> None:
        assert read_macho(macho(dylib(SYSTEM), bind=instructions)).imports == ()

    def test_lazy_names_continue_after_each_end(self) -> None:
        lazy = bind("_PyA_B") + b"\0" + bind("_PyC_D") + b"\0\0"
        found = read_macho(macho(dylib(PYTHON), lazy_bind=lazy))
        assert [s.name for s in found.imports] == ["PyA_B", "PyC_D"]

    def test_names_bound_weakly_only_may_be_absent(self) -> None:
        found = read_macho(macho(dylib(PYTHON), bind=bind("_PyA_B"), weak_bind=b"\x40_PyC_D\0\x90"))
        assert found.imports == (strong("PyA_B", PYTHON), weak("PyC_D"))

    def test_own_exports_are_no_imports(self) -> None:
        data = macho(bind=bind("_PyA_B", -2), export=trie("_PyA_B"))
        assert read_macho(data).imports == ()

    @pytest.mark.parametrize("form", [1, 2, 3])
    def test_chained_fixups(self, form: int) -> None:
        imports = (
            ("_PyA_B", 1, False),
            ("_PyC_D", -2, False),
            ("_PyE_F", 1, True),
            ("_free", 1, False),
        )
        found = read_macho(macho(dylib(PYTHON), chained=chained(*imports, form=form)))
        assert found.imports == (
            strong("PyA_B", PYTHON),
            strong("PyC_D"),
            weak("PyE_F", PYTHON),
        )


class TestSymbolTable:
    """Files from before macOS 10.6, and object files."""

    @pytest.mark.parametrize("bits", [32, 64])
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_names(self, order: str, bits: int) -> None:
        def entry(name: bytes, kind: int, description: int = 0) -> bytes:
            at = STRINGS.index(b"\0" + name + b"\0") + 1
            return symbol(at, kind, description, order=order, bits=bits)

        symbols = (
            entry(b"_PyLong_FromLong", 0x01, 0x0100)  # undefined, of library 1
            + entry(b"_PyInit_x", 0x0F)  # defined
            + entry(b"_Py_Weak", 0x01, 0xFE40)  # undefined, of whichever library
            + entry(b"__PyHidden", 0x1F)  # defined, for the file's own use
            + entry(b"_Py_Weak", 0x24)  # for the debugger
        )
        found = read_macho(
            macho(
                dylib(PYTHON, order=order),
                order=order,
                bits=bits,
                cpu=PPC,
                symbols=symbols,
                strings=STRINGS,
            )
        )
        assert found.byte_order == ("little" if order == "<" else "big")
        assert (found.machines, found.bits) == (("ppc",), bits)
        assert found.imports == (strong("PyLong_FromLong", PYTHON), weak("Py_Weak"))
        assert found.exports == {"PyInit_x"}

    def test_flat_name_space(self) -> None:
        data = macho(symbols=symbol(1, 0x01, 0x0500), strings=b"\0_Py_X\0", flags=0)
        assert read_macho(data).imports == (strong("Py_X"),)


class TestExportTrie:
    def test_names(self) -> None:
        names = ("_PyInit_x", "_PyModExport_x", "__PyPrivate", "_malloc", "___cxa_throw")
        expected = {"PyInit_x", "PyModExport_x", "_PyPrivate"}
        assert read_macho(macho(trie=trie(*names))).exports == expected
        assert read_macho(macho(export=trie(*names))).exports == expected

    def test_hook_of_cffi_for_pypy(self) -> None:
        found = read_macho(macho(trie=trie("__cffi_pypyinit__backend")))
        assert found.exports == {"_cffi_pypyinit__backend"}

    def test_a_name_without_letters(self) -> None:
        assert read_macho(macho(trie=b"\x02\0\0\0")).exports == frozenset()

    def test_more_names_than_python_has(self) -> None:
        # A root and two levels of 255 edges of one letter, then two edges to leaves.
        def edges(letters: range, first: int, each: int) -> bytes:
            parts = [bytes((0, len(letters)))]
            for index, letter in enumerate(letters):
                location = first + index * each
                parts.append(
                    bytes((letter, 0, location & 0x7F | 0x80, location >> 7 & 0x7F | 0x80))
                )
                parts.append(bytes((location >> 14,)))
            return b"".join(parts)

        many, few = range(1, 256), range(1, 3)
        wide, narrow, leaf = 2 + 5 * 255, 2 + 5 * 2, b"\x01\0\0"
        start = b"\0\x01_Py_\0\x08"
        level = [8 + wide, 8 + wide + 255 * wide]
        leaves = level[1] + 255 * 255 * narrow
        data = start + edges(many, level[0], wide)
        data += b"".join(edges(many, level[1] + i * 255 * narrow, narrow) for i in range(255))
        data += b"".join(edges(few, leaves + 6 * i, 3) for i in range(255 * 255))
        with pytest.raises(UnreadableError, match="more than 65536 names"):
            read_macho(macho(trie=data + leaf * (2 * 255 * 255)))

    def test_names_share_their_beginning(self) -> None:
        # root -"_Py"-> (ends a name) -"A_B"-> end, -"C_D"-> end
        data = b"\0\x01_Py\0\x07" + b"\x02\0\0\x02A_B\0\x15C_D\0\x19" + b"\x02\0\0\0" * 2
        assert read_macho(macho(trie=data)).exports == {"PyA_B", "PyC_D"}

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"\0\x01_Py\0\0", id="leads-to-itself"),
            pytest.param(b"\0\x01\0\0", id="leads-to-itself-without-a-letter"),
            pytest.param(b"\0\x02_Py\0\x0b_Py\0\x0b\0\x01A\0\0", id="two-ways-to-a-cycle"),
            pytest.param(b"\0\xff" + b"_P\0\x02" * 255, id="nodes-in-nodes"),
            pytest.param(b"\0\x01_Py\0\x7f", id="leads-outside"),
            pytest.param(b"\0\x01_Py", id="edge-without-end"),
            pytest.param(b"\xff" * 12, id="number-without-end"),
            pytest.param(b"\x05\0", id="node-without-end"),
            pytest.param(
                b"\0\x01_Py\0\x80\x01".ljust(128, b"\0")
                + b"".join(b"\0\x01\0" + uleb2(133 + 5 * i) for i in range(3000)),
                id="endless-depth",
            ),
        ],
    )
    def test_hostile(self, data: bytes) -> None:
        with pytest.raises(UnreadableError):
            read_macho(macho(trie=data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(macho(bind=bind("_Py_" + "x" * 5000, -2)), id="bound"),
        pytest.param(macho(chained=chained(("_Py_" + "x" * 5000, -2, False))), id="chained"),
        pytest.param(macho(trie=trie("_Py_" + "x" * 5000)), id="exported"),
        pytest.param(
            macho(symbols=symbol(1, 0x01, 0xFE00), strings=b"\0_Py_" + b"x" * 5000 + b"\0"),
            id="listed",
        ),
    ],
)
def test_a_name_too_long_to_be_pythons(data: bytes) -> None:
    found = read_macho(data)
    assert not found.imports
    assert not found.exports
