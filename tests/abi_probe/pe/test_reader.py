"""PE files, assembled by hand for each rule and taken from real wheels."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

import pytest

from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.model import Format, ImportedSymbol
from abi_probe.pe.reader import is_python_dll, read_pe
from tests.abi_probe.pe_bytes import (
    ADDRESS,
    Blob,
    delay_table,
    export_table,
    import_table,
    pe,
)
from tests.abi_probe.wheel_members import Member, fetch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def importing(libraries: dict[str, Sequence[str | int]], bits: int = 64) -> bytes:
    blob = Blob(bits=bits)
    return pe(blob, {1: import_table(blob, libraries)})


class TestImports:
    @pytest.mark.parametrize("bits", [32, 64])
    def test_names_and_their_libraries(self, bits: int) -> None:
        found = read_pe(
            importing(
                {
                    "KERNEL32.dll": ["Sleep", 7],
                    "python311.dll": ["PyLong_FromLong", "_Py_Dealloc", 42, "odd"],
                    "pythoncom311.dll": ["PyCom_Register", "?PyCom@@YAXXZ"],
                },
                bits,
            )
        )
        assert found.format is Format.PE
        assert (found.machines, found.bits, found.byte_order) == (("amd64",), bits, "little")
        assert found.needed == ("KERNEL32.dll", "python311.dll", "pythoncom311.dll")
        assert found.imports == tuple(
            ImportedSymbol(name=name, library=library)
            for name, library in (
                ("#42", "python311.dll"),
                ("PyCom_Register", "pythoncom311.dll"),
                ("PyLong_FromLong", "python311.dll"),
                ("_Py_Dealloc", "python311.dll"),
                ("odd", "python311.dll"),
            )
        )

    def test_names_beside_addresses_only(self) -> None:
        blob = Blob()
        thunks = blob.thunks(["Py_X"])
        record = struct.pack("<5I", 0, 0, 0, blob.text("python3.dll"), thunks)
        found = read_pe(pe(blob, {1: blob.put(record + bytes(20))}))
        assert found.imports == (ImportedSymbol(name="Py_X", library="python3.dll"),)

    @pytest.mark.parametrize(
        ("bits", "absolute"),
        [
            pytest.param(64, False, id="PE32+"),
            pytest.param(32, False, id="PE32"),
            pytest.param(32, True, id="addresses-of-old-linkers"),
        ],
    )
    def test_late_imports(self, bits: int, *, absolute: bool) -> None:
        blob = Blob(bits=bits)
        early = import_table(blob, {"KERNEL32.dll": ["Sleep"]})
        late = delay_table(
            blob, {"SHELL32.dll": ["PyLike_Name"], "python3.dll": ["Py_X", 3]}, absolute=absolute
        )
        found = read_pe(pe(blob, {1: early, 13: late}))
        assert found.needed == ("KERNEL32.dll", "python3.dll")
        assert found.imports == (
            ImportedSymbol(name="#3", weak=True, library="python3.dll"),
            ImportedSymbol(name="PyLike_Name", weak=True, library="SHELL32.dll"),
            ImportedSymbol(name="Py_X", weak=True, library="python3.dll"),
        )

    def test_an_early_use_makes_a_name_strong(self) -> None:
        blob = Blob()
        early = import_table(blob, {"python3.dll": ["Py_X"]})
        late = delay_table(blob, {"python3.dll": ["Py_X"]})
        found = read_pe(pe(blob, {1: early, 13: late}))
        assert found.imports == (ImportedSymbol(name="Py_X", library="python3.dll"),)
        assert found.needed == ("python3.dll",)

    def test_tables_may_lie_where_only_memory_is(self) -> None:
        blob = Blob(data=bytearray(16))
        assert read_pe(pe(blob, {1: ADDRESS + 64}, memory=4096)).needed == ()

    def test_a_name_too_long_to_be_pythons(self) -> None:
        assert read_pe(importing({"python3.dll": ["Py_" + "x" * 5000]})).imports == ()


class TestExports:
    def test_names(self) -> None:
        blob = Blob()
        names = {"PyInit_x": 0x2000, "DllMain": 0x2010, "Py_Gone": 0, "PyModExport_x": 0x2020}
        table = export_table(blob, "x.pyd", names)
        found = read_pe(pe(blob, {0: table}))
        assert found.soname == "x.pyd"
        assert found.exports == {"PyInit_x", "PyModExport_x"}

    def test_a_table_without_names(self) -> None:
        blob = Blob()
        found = read_pe(pe(blob, {0: blob.put(struct.pack("<10I", *[0] * 10))}))
        assert (found.soname, found.exports) == (None, frozenset())

    def test_forwarded_names_count(self) -> None:
        blob = Blob()
        target = blob.text("python311.PyLong_FromLong")
        found = read_pe(
            pe(blob, {0: export_table(blob, "python3.dll", {"PyLong_FromLong": target})})
        )
        assert found.exports == {"PyLong_FromLong"}


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        pytest.param(0x8664, "amd64", id="amd64"),
        pytest.param(0x14C, "win32", id="x86"),
        pytest.param(0xAA64, "arm64", id="arm64"),
        pytest.param(0x1C4, "arm", id="thumb"),
        pytest.param(0x5064, "pe-machine-0x5064", id="unheard-of"),
    ],
)
def test_machines(machine: int, name: str) -> None:
    assert read_pe(pe(machine=machine)).machines == (name,)


@pytest.mark.parametrize(("characteristics", "loadable"), [(0x2022, True), (0x22, False)])
def test_what_can_be_loaded(characteristics: int, *, loadable: bool) -> None:
    assert read_pe(pe(characteristics=characteristics)).shared_library is loadable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("python3.dll", True, id="stable"),
        pytest.param("python3t.dll", True, id="stable-free-threaded"),
        pytest.param("PYTHON27.DLL", True, id="any-case"),
        pytest.param("python313t_d.dll", True, id="free-threaded-debug"),
        pytest.param("libpypy3.11-c.dll", True, id="pypy"),
        pytest.param("libpython3.12.dll", True, id="msys2"),
        pytest.param("pythoncom311.dll", False, id="pywin32"),
        pytest.param("python.dll", False, id="no-version"),
        pytest.param("mypython3.dll", False, id="another"),
    ],
)
def test_is_python_dll(name: str, *, expected: bool) -> None:
    assert is_python_dll(name) is expected


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x7fELF".ljust(64, b"\0"), id="elf"),
        pytest.param(b"MZ".ljust(60, b"\0") + b"\x40\0\0\0" + b"NE\0\0", id="windows-3"),
    ],
)
def test_not_a_pe(data: bytes) -> None:
    with pytest.raises(NotABinaryError):
        read_pe(data)


def _endless_libraries() -> bytes:
    blob = Blob()
    thunks = blob.thunks([])
    record = struct.pack("<5I", thunks, 0, 0, blob.text("python3.dll"), thunks)
    return pe(blob, {1: blob.put(record * 5000)})


def _endless_names(count: int, after: bytes = b"") -> bytes:
    blob = Blob()
    here = blob.here
    record = struct.pack("<5I", here + 40, 0, 0, here + 20, here + 40)
    blob.put(
        record + b"python3.dll".ljust(20, b"\0") + struct.pack("<Q", 1 << 63 | 1) * count + after
    )
    return pe(blob, {1: here})


def _exports_of(*, functions: int, names: int) -> bytes:
    blob = Blob()
    record = (0, 0, 0, 0, 1, functions, names, ADDRESS, ADDRESS, ADDRESS)
    return pe(blob, {0: blob.put(struct.pack("<10I", *record))})


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"MZ" + bytes(20), "DOS header", id="dos-header-cut-off"),
        pytest.param(pe()[:0x42], "PE signature", id="signature-cut-off"),
        pytest.param(pe()[:0x50], "COFF header", id="coff-header-cut-off"),
        pytest.param(pe()[:0x70], "optional header", id="optional-header-cut-off"),
        pytest.param(pe()[:0x54] + b"\xff\xff" + pe()[0x56:], "65535 bytes", id="huge-header"),
        pytest.param(pe(magic=0x107), "neither PE32", id="rom-image"),
        pytest.param(importing({"python3.dll": ["Py_X"]})[:-1], "a section ends", id="cut-off"),
        pytest.param(
            pe(sections=[(8, 0x1000, 0, 0), (8, 0x1004, 0, 0)]), "overlap", id="sections-overlap"
        ),
        pytest.param(pe(None, {1: 0x9000}), "which no section holds", id="table-outside"),
        pytest.param(_endless_libraries(), "libraries", id="libraries-without-end"),
        pytest.param(_endless_names(100), "imported names at", id="names-without-end"),
        pytest.param(_endless_names(9, b"odd"), "without an end", id="names-end-in-the-middle"),
        pytest.param(
            importing({"python3.dll": [f"Py_{i}" for i in range(1 << 16 | 1)]}),
            "65536 names of Python's",
            id="too-many-names-kept",
        ),
        pytest.param(_endless_names(300_000), "262144 imported names", id="too-many-names"),
        pytest.param(_exports_of(functions=1, names=1 << 31), "exported", id="too-many-exports"),
        pytest.param(_exports_of(functions=60_000, names=1), "section", id="exports-outside"),
    ],
)
def test_damaged(data: bytes, text: str) -> None:
    with pytest.raises(UnreadableError, match=text):
        read_pe(data)


def test_a_name_must_end_in_its_section() -> None:
    blob = Blob()
    dll = blob.text("python3.dll")
    thunks = blob.put(struct.pack("<QQ", ADDRESS + 12 + 16 + 40, 0))
    record = struct.pack("<5I", thunks, 0, 0, dll, thunks)
    table = blob.put(record + bytes(20))
    blob.put(b"\0\0Py_X")
    with pytest.raises(UnreadableError, match="does not end in its section"):
        read_pe(pe(blob, {1: table}))


def test_any_buffer(tmp_path: Path) -> None:
    data = importing({"python3.dll": ["Py_X"]})
    path = tmp_path / "x.pyd"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert read_pe(mapped) == read_pe(data) == read_pe(memoryview(data))


@pytest.mark.network
@pytest.mark.parametrize(
    ("member", "expected"),
    [
        pytest.param(
            Member(
                spec="pynanoid==0.2.0",
                platform="win_amd64",
                python="3.10",
                abi="abi3",
                path="pynanoid/_pynanoid.pyd",
            ),
            ("python3.dll", "amd64", 64, "_Py_DecRef"),
            id="abi3",
        ),
        pytest.param(
            Member(
                spec="markupsafe==3.0.3",
                platform="win_amd64",
                python="3.13",
                abi="cp313t",
                path="markupsafe/_speedups.cp313t-win_amd64.pyd",
            ),
            ("python313t.dll", "amd64", 64, "PyUnicode_New"),
            id="free-threaded",
        ),
        pytest.param(
            Member(
                spec="markupsafe==3.0.3",
                platform="win32",
                python="3.11",
                abi="cp311",
                path="markupsafe/_speedups.cp311-win32.pyd",
            ),
            ("python311.dll", "win32", 32, "PyUnicode_New"),
            id="32-bit",
        ),
        pytest.param(
            Member(
                spec="markupsafe==3.0.3",
                platform="win_arm64",
                python="3.13",
                abi="cp313",
                path="markupsafe/_speedups.cp313-win_arm64.pyd",
            ),
            ("python313.dll", "arm64", 64, "PyUnicode_New"),
            id="arm64",
        ),
    ],
)
def test_real_wheels(member: Member, expected: tuple[str, str, int, str], tmp_path: Path) -> None:
    dll, machine, bits, some = expected
    found = read_pe(fetch(member, tmp_path))
    stem = member.path.rpartition("/")[2].partition(".")[0]
    assert found.needed[0] == dll
    assert (found.machines, found.bits, found.shared_library) == ((machine,), bits, True)
    assert found.exports == {f"PyInit_{stem}"}
    assert ImportedSymbol(name=some, library=dll) in found.imports
    assert {s.library for s in found.imports} == {dll}
