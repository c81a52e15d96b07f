"""Mach-O files, assembled by hand for each rule and taken from real wheels."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

import pytest

from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.macho.reader import read_macho
from abi_probe.model import Format, ImportedSymbol
from tests.abi_probe.macho_bytes import (
    ARM64,
    X86_64,
    bind,
    chained,
    dylib,
    fat,
    macho,
    number_command,
    symbol,
    text_command,
    trie,
)
from tests.abi_probe.wheel_members import Member, fetch

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = "/usr/lib/libSystem.B.dylib"
PYTHON = "@rpath/Python3.framework/Versions/3.9/Python3"


def strong(name: str, library: str | None = None) -> ImportedSymbol:
    return ImportedSymbol(name=name, library=library)


class TestCommands:
    def test_what_a_library_says_of_itself(self) -> None:
        found = read_macho(
            macho(
                text_command(0xD, "@rpath/libx.dylib"),
                dylib(SYSTEM),
                text_command(0x8000001C, "@loader_path/../lib", fixed=b""),
                text_command(0x8000001C, "/opt/lib", fixed=b""),
                number_command(0x32, 1, 0x000B0000, 0x000D0000, 0),
                filetype=6,
            )
        )
        assert found.format is Format.MACHO
        assert (found.machines, found.bits, found.byte_order) == (("arm64",), 64, "little")
        assert found.soname == "@rpath/libx.dylib"
        assert found.needed == (SYSTEM,)
        assert found.runpath == ("@loader_path/../lib", "/opt/lib")
        assert found.minimum_os == (("arm64", (11, 0)),)
        assert found.shared_library

    @pytest.mark.parametrize(
        ("kind", "needed"),
        [
            pytest.param(0xC, True, id="load"),
            pytest.param(0x8000001F, True, id="reexport"),
            pytest.param(0x80000023, True, id="upward"),
            pytest.param(0x80000018, False, id="weak"),
            pytest.param(0x20, False, id="lazy"),
        ],
    )
    def test_which_libraries_must_be_there(self, kind: int, *, needed: bool) -> None:
        found = read_macho(macho(dylib(SYSTEM), dylib("/libx.dylib", kind)))
        assert found.needed == ((SYSTEM, "/libx.dylib") if needed else (SYSTEM,))

    @pytest.mark.parametrize(
        ("flags", "needed"),
        [
            pytest.param(0x1, (), id="weak"),
            pytest.param(0x8, (), id="delayed"),
            pytest.param(0x2, ("/libx.dylib",), id="reexported"),
        ],
    )
    def test_flags_of_the_newer_command(self, flags: int, needed: tuple[str, ...]) -> None:
        fixed = struct.pack("<4I", 0x1A741800, 0, 0x10000, flags)
        assert read_macho(macho(text_command(0xC, "/libx.dylib", fixed=fixed))).needed == needed

    @pytest.mark.parametrize(
        ("command", "version"),
        [
            pytest.param(number_command(0x24, 0x000A0900, 0x000A0F00), (10, 9), id="version-min"),
            pytest.param(number_command(0x32, 1, 0x000B0203, 0, 0), (11, 2, 3), id="patch"),
            pytest.param(number_command(0x32, 2, 0x000D0000, 0, 0), None, id="ios"),
        ],
    )
    def test_minimum_os(self, command: bytes, version: tuple[int, ...] | None) -> None:
        found = read_macho(macho(command)).minimum_os
        assert [each for _, each in found] == ([version] if version else [])

    @pytest.mark.parametrize(
        ("filetype", "loadable"),
        [
            pytest.param(6, True, id="dylib"),
            pytest.param(8, True, id="bundle"),
            pytest.param(2, False, id="program"),
            pytest.param(1, False, id="object"),
        ],
    )
    def test_what_can_be_loaded(self, filetype: int, *, loadable: bool) -> None:
        assert read_macho(macho(filetype=filetype)).shared_library is loadable

    @pytest.mark.parametrize(
        ("cpu", "subtype", "machine"),
        [
            pytest.param(ARM64, 0, "arm64", id="arm64"),
            pytest.param(ARM64, 0x80000002, "arm64e", id="arm64e-with-feature-bits"),
            pytest.param(X86_64, 3, "x86_64", id="x86_64"),
            pytest.param(X86_64, 8, "x86_64h", id="haswell"),
            pytest.param(99, 0, "macho-cpu-0x63", id="unheard-of"),
        ],
    )
    def test_machines(self, cpu: int, subtype: int, machine: str) -> None:
        assert read_macho(macho(cpu=cpu, subtype=subtype)).machines == (machine,)


class TestFat:
    @pytest.mark.parametrize("wide", [False, True], ids=["fat", "fat64"])
    def test_every_slice_counts(self, *, wide: bool) -> None:
        intel = macho(
            dylib(SYSTEM),
            number_command(0x24, 0x000A0900, 0),
            cpu=X86_64,
            bind=bind("_PyA_B", -2, weak=True) + bind("_PyC_D", -2),
            export=trie("_PyInit_x", "_PyInit_y"),
        )
        arm = macho(
            dylib(PYTHON),
            number_command(0x32, 1, 0x000B0000, 0, 0),
            chained=chained(("_PyA_B", -2, False)),
            trie=trie("_PyInit_x"),
        )
        found = read_macho(fat(intel, arm, wide=wide))
        assert found.machines == ("x86_64", "arm64")
        assert found.imports == (strong("PyA_B"), strong("PyC_D"))
        assert found.exports == {"PyInit_x"}
        assert found.needed == (SYSTEM, PYTHON)
        assert found.minimum_os == (("x86_64", (10, 9)), ("arm64", (11, 0)))

    @pytest.mark.parametrize(
        ("data", "error", "text"),
        [
            pytest.param(
                b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(64), NotABinaryError, "Java", id="java-class"
            ),
            pytest.param(
                b"\xca\xfe\xba\xbe\0\0\0\0", UnreadableError, "without a slice", id="none"
            ),
            pytest.param(fat(macho(), macho())[:-1], UnreadableError, "slice", id="cut-off"),
            pytest.param(
                fat(b"!<arch>\n", cpus=[ARM64]), UnreadableError, "archive", id="static-library"
            ),
            pytest.param(
                struct.pack(">II", 0xCAFEBABE, 2)
                + struct.pack(">5I", 7, 0, 48, 32, 0) * 2
                + macho(),
                UnreadableError,
                "overlap",
                id="slices-overlap",
            ),
            pytest.param(fat(b"garbage!", cpus=[ARM64]), UnreadableError, "header", id="garbage"),
        ],
    )
    def test_refused(self, data: bytes, error: type[UnreadableError], text: str) -> None:
        with pytest.raises(error, match=text):
            read_macho(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(macho()[:20], "Mach-O header", id="header-cut-off"),
        pytest.param(macho(dylib(SYSTEM))[:-8], "load commands", id="commands-cut-off"),
        pytest.param(macho(count=1), "load command 0", id="fewer-commands-than-said"),
        pytest.param(macho(struct.pack("<II", 0xC, 0)), "0 bytes long", id="command-of-no-size"),
        pytest.param(macho(struct.pack("<II", 0xC, 800)), "800 bytes", id="command-too-long"),
        pytest.param(macho(struct.pack("<II", 0xC, 8)), "where", id="command-too-short"),
        pytest.param(macho(number_command(0xC, 900, 0)), "path at 900", id="path-outside"),
        pytest.param(
            macho(number_command(2, 32, 1 << 20, 0, 0)), "truncated", id="symbols-outside"
        ),
        pytest.param(
            macho(number_command(2, 0, 1 << 31, 0, 0)), "symbols in", id="too-many-symbols"
        ),
        pytest.param(
            macho(symbols=symbol(99, 0x01), strings=b"\0"), "symbol name", id="name-outside"
        ),
        pytest.param(
            macho(symbols=symbol(1, 0x01), strings=b"\0_Py_X"),
            "does not end",
            id="name-without-end",
        ),
        pytest.param(
            macho(number_command(0x19, *[0] * 8, 0, 0, 1 << 30, 0, 0, 0, 0, 0)),
            "a segment ends",
            id="segment",
        ),
        pytest.param(macho(number_command(0x19, 0)), "segment command", id="segment-too-short"),
        pytest.param(macho(bind=bind("_Py_X", 3)), "library 3 of 0", id="no-such-library"),
        pytest.param(
            macho(bind=b"".join(bind(f"_Py_{i}", -2) for i in range(1 << 16 | 1))),
            "imports of more than 65536",
            id="too-many-imports",
        ),
        pytest.param(
            macho(
                symbols=b"".join(symbol(1 + 9 * i, 0x0F) for i in range(1 << 16 | 1)),
                strings=b"\0" + b"".join(b"_Py_%04x\0" % i for i in range(1 << 16 | 1)) + b"\0" * 9,
            ),
            "symbol table of more than 65536",
            id="too-many-exports",
        ),
        pytest.param(
            macho(number_command(0x1, 0))[:16] + b"\0\0\0\x10\xff\xff\xff\xff" + bytes(64),
            "load commands of 4294967295",
            id="huge-commands",
        ),
        pytest.param(macho(bind=b"\xe0"), "instruction 0xe0", id="unknown-instruction"),
        pytest.param(macho(bind=b"\x40_Py_X"), "without an end", id="bound-name-without-end"),
        pytest.param(macho(bind=b"\x80" * 3), "cut off", id="number-without-end"),
        pytest.param(macho(number_command(0x80000034, 0, 1 << 30)), "chained", id="fixups-outside"),
        pytest.param(
            macho(number_command(0x80000033, 0, 1 << 30)), "export table of", id="huge-trie"
        ),
        pytest.param(macho(chained=chained(form=4)), "format 4", id="unknown-import-format"),
        pytest.param(
            macho(chained=chained()[:16] + b"\xff\xff\x00\x00" + chained()[20:]),
            "imports of the chained",
            id="more-imports-than-there-are",
        ),
    ],
)
def test_damaged(data: bytes, text: str) -> None:
    with pytest.raises(UnreadableError, match=text):
        read_macho(data)


@pytest.mark.parametrize("data", [b"", b"\xcf", b"\x7fELF" + bytes(60), b"MZ" + bytes(60)])
def test_not_a_macho(data: bytes) -> None:
    with pytest.raises(NotABinaryError):
        read_macho(data)


def test_any_buffer(tmp_path: Path) -> None:
    data = macho(dylib(PYTHON), bind=bind("_PyA_B"), export=trie("_PyInit_x"))
    path = tmp_path / "x.so"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert read_macho(mapped) == read_macho(data) == read_macho(memoryview(data))


@pytest.mark.network
class TestRealWheels:
    def test_chained_fixups(self, tmp_path: Path) -> None:
        found = read_macho(
            fetch(
                Member(
                    spec="editdistance-s==1.0.0",
                    platform="macosx_12_0_arm64",
                    python="3.8",
                    abi="abi3",
                    path="_editdistance_s.abi3.so",
                ),
                tmp_path,
            )
        )
        assert found.machines == ("arm64",)
        assert found.minimum_os == (("arm64", (12, 0)),)
        assert found.exports == {"PyInit__editdistance_s"}
        assert {"PyImport_ImportModule", "_Py_Dealloc"} <= {s.name for s in found.imports}
        assert {s.library for s in found.imports} == {None}

    def test_universal(self, tmp_path: Path) -> None:
        found = read_macho(
            fetch(
                Member(
                    spec="markupsafe==3.0.2",
                    platform="macosx_10_9_universal2",
                    python="3.11",
                    abi="cp311",
                    path="markupsafe/_speedups.cpython-311-darwin.so",
                ),
                tmp_path,
            )
        )
        assert found.machines == ("x86_64", "arm64")
        assert found.exports == {"PyInit__speedups"}
        expected = {"PyModule_Create2", "PyUnicode_New", "_PyUnicode_Ready"}
        assert expected <= {s.name for s in found.imports}
        assert found.needed == (SYSTEM,)
