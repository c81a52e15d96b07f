"""ELF files, assembled for each rule and made by the machine's own tools."""

from __future__ import annotations

import mmap
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from abi_probe.binary import read_binary_file
from abi_probe.elf.gnu_hash import left_undefined
from abi_probe.elf.reader import read_elf
from abi_probe.errors import NotABinaryError, UnreadableError
from abi_probe.model import Format, ImportedSymbol, VersionNeed
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.elf_bytes import CORE, EXTENSION, PPC64, PROGRAM, S390, Sample, Symbol, elf

NUMPY_1 = "numpy.core._multiarray_umath"
NUMPY_2 = "numpy._core._multiarray_umath"
WIDTHS = [
    pytest.param(bits, big, id=f"{bits}-bit {'big' if big else 'little'}-endian")
    for bits in (32, 64)
    for big in (False, True)
]


class TestAssembled:
    @pytest.mark.parametrize(("bits", "big"), WIDTHS)
    @pytest.mark.parametrize("hashes", [("gnu",), ("sysv",), ("sysv", "gnu")], ids="+".join)
    def test_everything(self, bits: int, big: bool, hashes: tuple[str, ...]) -> None:  # noqa: FBT001  a row of the table
        found = read_elf(elf(replace(EXTENSION, bits=bits, big=big, hashes=hashes)))
        assert (found.format, found.bits) == (Format.ELF, bits)
        assert found.byte_order == ("big" if big else "little")
        assert found.shared_library
        assert found.soname == "libspam.so.1"
        assert found.needed == ("libm.so.6", "libc.so.6")
        assert (found.rpath, found.runpath) == (("/old",), ("$ORIGIN", "/opt/lib"))
        assert found.imports == (
            ImportedSymbol(name="PyList_New"),
            ImportedSymbol(name="PyWeak_Name", weak=True),
        )
        assert found.exports == {"PyInit_spam", "Py_Once"}
        assert found.version_needs == (VersionNeed(library="libc.so.6", version="GLIBC_2.28"),)
        assert found.version_definitions == {"SPAM_1.0", "SPAM_1.1"}
        assert found.interpreter is None

    @pytest.mark.parametrize(
        ("machine", "bits", "big", "name"),
        [
            pytest.param(3, 32, False, "i686", id="i686"),
            pytest.param(62, 64, False, "x86_64", id="x86_64"),
            pytest.param(62, 32, False, "x32", id="x32"),
            pytest.param(183, 64, False, "aarch64", id="aarch64"),
            pytest.param(40, 32, False, "armv7l", id="armv7l"),
            pytest.param(PPC64, 64, False, "ppc64le", id="ppc64le"),
            pytest.param(PPC64, 64, True, "ppc64", id="ppc64"),
            pytest.param(S390, 64, True, "s390x", id="s390x"),
            pytest.param(243, 64, False, "riscv64", id="riscv64"),
            pytest.param(258, 64, False, "loongarch64", id="loongarch64"),
            pytest.param(9999, 64, False, "elf-machine-9999", id="unknown"),
        ],
    )
    def test_machine(self, machine: int, bits: int, big: bool, name: str) -> None:  # noqa: FBT001  a row of the table
        found = read_elf(elf(replace(EXTENSION, machine=machine, bits=bits, big=big)))
        assert found.machines == (name,)

    def test_hash_table_of_wide_words(self) -> None:
        sample = replace(EXTENSION, machine=S390, big=True, hashes=("sysv",))
        assert read_elf(elf(sample)).exports == {"PyInit_spam", "Py_Once"}

    def test_symbols_without_exports_are_counted(self) -> None:
        sample = Sample(symbols=(Symbol(name="PyList_New"), Symbol(name="PyLong_FromLong")))
        names = [symbol.name for symbol in read_elf(elf(sample)).imports]
        assert names == ["PyList_New", "PyLong_FromLong"]

    def test_strong_beats_weak(self) -> None:
        sample = Sample(symbols=(Symbol(name="PyList_New", binding=2), Symbol(name="PyList_New")))
        assert read_elf(elf(sample)).imports == (ImportedSymbol(name="PyList_New"),)

    @pytest.mark.parametrize(
        "sample",
        [
            pytest.param(replace(EXTENSION, kind=PROGRAM), id="program"),
            pytest.param(
                replace(EXTENSION, numbers=((0x6FFFFFFB, 0x08000000),)), id="position-independent"
            ),
            pytest.param(replace(EXTENSION, kind=CORE), id="core"),
            pytest.param(replace(EXTENSION, kind=1), id="object"),
        ],
    )
    def test_what_cannot_be_loaded(self, sample: Sample) -> None:
        assert not read_elf(elf(sample)).shared_library

    @pytest.mark.parametrize(
        ("stack", "machine", "requested"),
        [
            pytest.param(6, 62, False, id="no"),
            pytest.param(7, 62, True, id="yes"),
            pytest.param(None, 62, True, id="unsaid"),
            pytest.param(None, 183, False, id="unsaid-elsewhere"),
        ],
    )
    def test_stack(self, stack: int | None, machine: int, requested: bool) -> None:  # noqa: FBT001  a row of the table
        found = read_elf(elf(replace(EXTENSION, stack=stack, machine=machine)))
        assert found.executable_stack is requested

    @pytest.mark.parametrize(
        ("names", "old"),
        [
            pytest.param((), False, id="none"),
            pytest.param((NUMPY_1,), True, id="1"),
            pytest.param((NUMPY_2, NUMPY_1), False, id="2-and-1"),
            pytest.param((NUMPY_2,), False, id="2"),
        ],
    )
    def test_numpy(self, names: tuple[str, ...], old: bool) -> None:  # noqa: FBT001  a row of the table
        texts = tuple((14, name) for name in names)  # anywhere among the constants
        assert read_elf(elf(replace(EXTENSION, texts=texts))).numpy_1 is old

    def test_numpy_of_a_library(self) -> None:
        library = replace(EXTENSION, symbols=(), texts=((14, NUMPY_1),))
        assert not read_elf(elf(library)).numpy_1

    @pytest.mark.parametrize(("bits", "big"), WIDTHS)
    def test_names_of_other_libraries(self, bits: int, big: bool) -> None:  # noqa: FBT001  a row of the table
        found = read_elf(elf(replace(EXTENSION, bits=bits, big=big)))
        assert found.foreign == ("malloc",)
        old = read_elf(elf(replace(EXTENSION, bits=bits, big=big, hashes=("sysv",))))
        assert old.foreign == ("malloc",)
        assert not left_undefined(["spam_helper", "PyInit_spam"], [old.hashes])
        assert left_undefined(["spam_helper", "malloc"], [b"", old.hashes]) == {"malloc"}

    def test_loader_of_a_program(self) -> None:
        sample = replace(EXTENSION, kind=PROGRAM, interpreter="/lib64/ld-linux-x86-64.so.2")
        assert read_elf(elf(sample)).interpreter == "/lib64/ld-linux-x86-64.so.2"

    def test_name_that_is_not_utf8(self) -> None:
        sample = Sample(texts=((14, "café.so"),))
        data = elf(sample).replace("é".encode(), b"\xe9\xe9")
        assert read_elf(data).soname == "caf\udce9\udce9.so"

    def test_any_buffer(self, tmp_path: Path) -> None:
        data = elf(EXTENSION)
        path = tmp_path / "spam.so"
        path.write_bytes(data)
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        assert read_elf(mapped) == read_elf(memoryview(data)) == read_elf(data)


class TestDamaged:
    def test_another_format(self) -> None:
        with pytest.raises(NotABinaryError):
            read_elf(b"\xcf\xfa\xed\xfe" + bytes(60))

    @pytest.mark.parametrize("keep", [0, 3, 4, 6, 20, 63, 64, 200, 400, -1])
    def test_cut_off(self, keep: int) -> None:
        with pytest.raises(UnreadableError):
            read_elf(elf(EXTENSION)[:keep])

    @pytest.mark.parametrize(
        ("offset", "value", "text"),
        [
            pytest.param(4, b"\x03", "class or byte order at offset 4", id="class"),
            pytest.param(32, b"\xff\xff\xff", "truncated: program headers", id="headers away"),
            pytest.param(54, b"\x07", "program headers of 7 bytes each", id="header size"),
            pytest.param(56, b"\xff\xff", "65535 program headers", id="many headers"),
            pytest.param(64 + 32, b"\xff\xff", "truncated: a segment ends", id="segment size"),
            pytest.param(64 + 56 + 32, b"\x10\0", "dynamic section without an end", id="no end"),
        ],
    )
    def test_lies(self, offset: int, value: bytes, text: str) -> None:
        data = bytearray(elf(EXTENSION))
        data[offset : offset + len(value)] = value
        with pytest.raises(UnreadableError, match=text):
            read_elf(data=bytes(data))

    @pytest.mark.parametrize(
        ("tag", "value", "text"),
        [
            pytest.param(5, 1 << 40, "STRTAB at address 0x10000000000", id="strings"),
            pytest.param(10, 1 << 40, "truncated: string table", id="size of strings"),
            pytest.param(10, 2, "string table without an end", id="unended strings"),
            pytest.param(6, 1 << 40, "SYMTAB at address", id="symbols"),
            pytest.param(14, 1 << 30, "a name without an end at 1073741824", id="name"),
            pytest.param(0x6FFFFEF5, 8, "truncated: GNU hash", id="hash"),
            pytest.param(0x6FFFFFFE, 0, "truncated: version|name without an end", id="needs"),
        ],
    )
    def test_dynamic_section_lies(self, tag: int, value: int, text: str) -> None:
        data = bytearray(elf(EXTENSION))
        at = data.rindex(struct.pack("<q", tag))  # the dynamic section stands last
        data[at + 8 : at + 16] = struct.pack("<Q", value)
        with pytest.raises(UnreadableError, match=text):
            read_elf(bytes(data))

    def test_endless_versions(self) -> None:
        sample = replace(EXTENSION, needs=(("libc.so.6", "GLIBC_2.28", 0),))
        data = bytearray(elf(sample))
        # One entry with 65535 parts, each of which links to itself and 16 bytes on.
        entry = data.index(struct.pack("<HH", 1, 1), 400)
        data[entry + 2 : entry + 4] = b"\xff\xff"
        data[entry + 28 : entry + 32] = struct.pack("<I", 1)
        with pytest.raises(UnreadableError):
            read_elf(bytes(data))


EXTENSION_C = """
extern void *PyList_New(long); extern int PyWeak_Name(void) __attribute__((weak));
extern int puts(const char *);
void *PyInit_spam(void) { return PyWeak_Name ? PyList_New(puts("spam")) : 0; }
void *initspam(void) { return 0; }
__attribute__((visibility("hidden"))) void *PyInit_hidden(void) { return 0; }
int spam(void) { return 1; }
"""


class TestCompiled:
    def test_extension(self, tmp_path: Path) -> None:
        path = compile_c(tmp_path / "spam.so", EXTENSION_C, "-Wl,-rpath,$ORIGIN/../lib:/opt/lib")
        found = read_binary_file(path)
        assert found.shared_library
        assert [(s.name, s.weak) for s in found.imports] == [
            ("PyList_New", False),
            ("PyWeak_Name", True),
        ]
        assert found.exports == {"PyInit_spam", "initspam"}
        assert any(name.startswith("libc.") for name in found.needed)
        assert (found.rpath or found.runpath) == ("$ORIGIN/../lib", "/opt/lib")

    @pytest.mark.parametrize("style", ["gnu", "sysv", "both"])
    def test_without_a_section_table(self, tmp_path: Path, style: str) -> None:
        path = compile_c(tmp_path / "spam.so", EXTENSION_C, f"-Wl,--hash-style={style}")
        data = bytearray(path.read_bytes())
        (sections,) = struct.unpack_from("<Q", data, 40)
        data[40:48] = bytes(8)
        data[58:64] = bytes(6)
        assert read_elf(bytes(data[:sections])) == read_binary_file(path)

    def test_old_run_path(self, tmp_path: Path) -> None:
        path = compile_c(
            tmp_path / "spam.so", EXTENSION_C, "-Wl,--disable-new-dtags,-rpath,/old:/older"
        )
        found = read_binary_file(path)
        assert (found.rpath, found.runpath) == (("/old", "/older"), ())

    def test_versions(self, tmp_path: Path) -> None:
        script = tmp_path / "map"
        script.write_text("SPAM_1 { global: spam; };\nSPAM_2 { } SPAM_1;\n")
        library = compile_c(
            tmp_path / "libspam.so",
            "int spam(void) { return 1; }",
            f"-Wl,--version-script={script},-soname,libspam.so.3",
        )
        user = compile_c(
            tmp_path / "user.so",
            "extern int spam(void); int f(void) { return spam(); }",
            str(library),
        )
        found = read_binary_file(library)
        assert found.soname == "libspam.so.3"
        assert found.version_definitions == {"SPAM_1", "SPAM_2"}
        needs = read_binary_file(user).version_needs
        assert VersionNeed(library="libspam.so.3", version="SPAM_1") in needs

    def test_program_and_object(self, tmp_path: Path) -> None:
        program = compile_c(tmp_path / "program", "int main(void) { return 0; }", shared=False)
        found = read_binary_file(program)
        assert not found.shared_library
        assert found.interpreter
        unlinked = compile_c(tmp_path / "spam.o", EXTENSION_C, "-c", shared=False)
        assert not read_binary_file(unlinked).shared_library

    def test_own_interpreter_needs_what_it_says_it_needs(self) -> None:
        """What `ldd` would load is what the file's own header names."""
        found = read_binary_file(_own_executable())
        assert found.interpreter
        assert found.machines
        assert not any(symbol.name in found.exports for symbol in found.imports)


def _own_executable() -> Path:
    if sys.platform != "linux":
        pytest.skip("not a system of ELF files")
    code = "import os, sys; print(os.path.realpath(sys.executable))"
    reply = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return Path(reply.stdout.strip())
