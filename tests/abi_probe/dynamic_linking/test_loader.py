"""What a runtime's loader finds, held against what it really does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct

from abi_probe.binary import read_binary_file
from abi_probe.dynamic_linking.library_search import Loaded
from abi_probe.dynamic_linking.loader import LinkResult, ProcessImage, load_process_image, resolve
from abi_probe.errors import NotABinaryError
from abi_probe.stable_abi import exports_of
from tests.abi_probe import macho_bytes
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.elf_bytes import EXTENSION, PPC64, elf

if TYPE_CHECKING:
    from collections.abc import Callable

    from abi_probe.model import Binary
    from tests.conftest import Require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="about Linux's loaders")

OLD = "-Wl,--disable-new-dtags"
NEW = "-Wl,--enable-new-dtags"
ALWAYS = "-Wl,--no-as-needed"
RUNTIMES = (
    *("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "system"),
    *("3.11d", "3.13d", "3.14", "3.14d", "3.15", "3.15d", "3.13t", "3.13td"),
    *("pypy3.9", "pypy3.11", "pypy3.11-next"),
)


@pytest.fixture(scope="module")
def given() -> ProcessImage:
    return load_process_image(Path(sys.executable))


def library(path: Path, *options: str | Path, source: str = "") -> Path:
    """Make a library whose soname is its file's name."""
    soname = f"-Wl,-soname,{path.name}"
    return compile_c(path, source or "int spam;", soname, ALWAYS, *map(str, options))


def really_loads(path: Path) -> str | None:
    """What `dlopen` says in a process of its own; None when it loads."""
    code = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1], os.RTLD_NOW)"
    command = [sys.executable, "-I", "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else None


def undefined(found: LinkResult, binary: Binary, given: ProcessImage) -> list[str]:
    """Strong Pythonic names that nobody defines."""
    binaries = [binary, *(each.binary for each in found.libraries)]
    have = given.exports | found.defined
    return [s.name for b in binaries for s in b.imports if not s.weak and s.name not in have]


class Outcome(Struct, frozen=True, kw_only=True):
    """What is predicted of a library, by the last part of each path."""

    libraries: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    processor: tuple[str, ...] = ()
    thread_memory: int = 0

    @property
    def loads(self) -> bool:
        names = self.missing or self.unmet or self.undefined or self.foreign
        return not (names or self.processor or self.thread_memory)


def predict(path: Path, given: ProcessImage) -> Outcome:
    binary = read_binary_file(path)
    found = resolve(binary, PurePosixPath(path), given)
    return Outcome(
        libraries=tuple(each.path.name for each in found.libraries),
        missing=tuple(gap.name for gap in found.missing),
        unmet=tuple(gap.need.version for gap in found.unmet),
        undefined=tuple(undefined(found, binary, given)),
        foreign=tuple(each.name for each in found.undefined),
        processor=tuple(path.name for path in found.processor),
        thread_memory=found.thread_memory,
    )


def siblings(folder: Path) -> Path:
    eggs = library(folder / "libs/libeggs.so", source="int PyEggs_Count;")
    source = "extern int PyEggs_Count; int f(void) { return PyEggs_Count; }"
    return library(folder / "spam.so", eggs, NEW, "-Wl,-rpath,$ORIGIN/libs", source=source)


def absent(folder: Path) -> Path:
    eggs = library(folder / "libs/libeggs.so")
    return library(folder / "spam.so", eggs)


def chain(folder: Path, tags: str, *options: str) -> Path:
    ham = library(folder / "libs/libham.so")
    eggs = library(folder / "libs/libeggs.so", ham, *options)
    found_when_linking = f"-Wl,-rpath-link,{folder}/libs"
    return library(folder / "spam.so", eggs, tags, "-Wl,-rpath,$ORIGIN/libs", found_when_linking)


def inherited(folder: Path) -> Path:
    return chain(folder, OLD)


def not_inherited(folder: Path) -> Path:
    return chain(folder, NEW)


def inheritance_refused(folder: Path) -> Path:
    return chain(folder, OLD, NEW, "-Wl,-rpath,/nonexistent")


def foreign_first(folder: Path) -> Path:
    eggs = library(folder / "two/libeggs.so")
    (folder / "one").mkdir()
    (folder / "one/libeggs.so").write_bytes(elf(EXTENSION.__class__(machine=PPC64)))
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN/one:${ORIGIN}/two")


def damaged_first(folder: Path) -> Path:
    eggs = library(folder / "two/libeggs.so")
    (folder / "one").mkdir()
    (folder / "one/libeggs.so").write_text("INPUT(-lspam)" * 99)
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN/one:$ORIGIN/two")


def circle(folder: Path) -> Path:
    ham = library(folder / "libham.so")
    eggs = library(folder / "libeggs.so", ham, "-Wl,-rpath,$ORIGIN")
    library(folder / "libham.so", eggs, "-Wl,-rpath,$ORIGIN")
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN")


def absolute(folder: Path) -> Path:
    eggs = compile_c(folder / "far/libeggs.so", "int eggs;")  # without a soname
    return library(folder / "spam.so", eggs)


def older_version(folder: Path) -> Path:
    script = folder / "map"
    script.write_text("EGGS_1 { }; EGGS_2 { global: eggs; } EGGS_1;\n")
    source = "int eggs(void) { return 1; }"
    eggs = library(folder / "libeggs.so", f"-Wl,--version-script={script}", source=source)
    user = "extern int eggs(void); int f(void) { return eggs(); }"
    made = library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN", source=user)
    script.write_text("EGGS_1 { global: eggs; };\n")
    library(folder / "libeggs.so", f"-Wl,--version-script={script}", source=source)
    return made


def unknown_name(folder: Path) -> Path:
    eggs = library(folder / "libeggs.so", source="extern int PyNobody_Has; int *f = &PyNobody_Has;")
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined")


def weak_name(folder: Path) -> Path:
    source = "extern int PyNobody_Has __attribute__((weak)); int *f = &PyNobody_Has;"
    return library(folder / "spam.so", source=source)


def user_of_eggs(folder: Path, *options: str, source: str = "") -> Path:
    user = "extern int eggs(void); int f(void) { return eggs(); }"
    eggs = library(folder / "libeggs.so", *options, source=source or "int eggs(void) { return 1; }")
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN", source=user)


def foreign_name(folder: Path) -> Path:
    return user_of_eggs(folder)


def foreign_name_of_an_old_table(folder: Path) -> Path:
    return user_of_eggs(folder, "-Wl,--hash-style=sysv")


def foreign_name_of_nobody(folder: Path) -> Path:
    return user_of_eggs(folder, source="int ham;")


def foreign_name_of_a_library_of_the_program(folder: Path) -> Path:
    return library(folder / "spam.so", source="int dlclose(void *); int (*f)(void *) = dlclose;")


def weak_foreign_name(folder: Path) -> Path:
    source = "extern int eggs(void) __attribute__((weak)); int (*f)(void) = eggs;"
    return library(folder / "spam.so", source=source)


# A note with two properties, of which the second asks for a level of x86-64 that there is not yet.
_MARK = r"""
".section .note.gnu.property, \"a\"\n .p2align 3\n .long 4, 32, 5\n .asciz \"GNU\"\n"
".long 0xc0000001, 4, 8, 0\n .long 0xc0008002, 4, 16, 0\n .text"
"""
_THREADS = """
static __thread char a[1200] __attribute__((tls_model("initial-exec")));
char *f(void) { return a; }
"""


def name_gone_from_its_version(folder: Path) -> Path:
    script = folder / "map"
    script.write_text("EGGS_1 { global: eggs; ham; };\n")
    versions = f"-Wl,--version-script={script}"
    made = user_of_eggs(folder, versions)
    library(folder / "libeggs.so", versions, source="int ham(void) { return 1; }")
    return made


def copy_for_a_processor(folder: Path) -> Path:
    made = siblings(folder)
    location = folder / "libs/glibc-hwcaps/x86-64-v2"
    location.mkdir(parents=True)
    (folder / "libs/libeggs.so").rename(location / "libeggs.so")
    return made


def future_processor(folder: Path) -> Path:
    return library(folder / "spam.so", source=f"__asm__({_MARK}); int spam;")


def much_memory_of_threads(folder: Path) -> Path:
    eggs = library(folder / "libeggs.so", source=_THREADS.replace("f(", "eggs("))
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN", source=_THREADS)


def little_memory_of_threads(folder: Path) -> Path:
    return library(folder / "spam.so", source=_THREADS)


def without_the_systems_folders(folder: Path) -> Path:
    return library(folder / "spam.so", "-lresolv", "-Wl,-z,nodefaultlib")


def filter_of_what_is_absent(folder: Path) -> Path:
    return library(folder / "spam.so", "-Wl,--filter=libeggs.so")


def dependency_not_to_be_opened(folder: Path) -> Path:
    eggs = library(folder / "libeggs.so", "-Wl,-z,nodlopen")
    return library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN")


def dependency_of_another_system(folder: Path) -> Path:
    eggs = library(folder / "libeggs.so")
    made = library(folder / "spam.so", eggs, "-Wl,-rpath,$ORIGIN")
    data = bytearray(eggs.read_bytes())
    data[7] = 9  # FreeBSD
    eggs.write_bytes(data)
    return made


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (name_gone_from_its_version, Outcome(libraries=("libeggs.so",), foreign=("eggs",))),
        (copy_for_a_processor, Outcome(libraries=("libeggs.so",))),
        (future_processor, Outcome(processor=("spam.so",))),
        (much_memory_of_threads, Outcome(libraries=("libeggs.so",), thread_memory=2400)),
        (little_memory_of_threads, Outcome()),
        (without_the_systems_folders, Outcome(missing=("libresolv.so.2",))),
        (filter_of_what_is_absent, Outcome(missing=("libeggs.so",))),
        (dependency_not_to_be_opened, Outcome(missing=("libeggs.so",))),
        (dependency_of_another_system, Outcome(missing=("libeggs.so",))),
        (foreign_name, Outcome(libraries=("libeggs.so",))),
        (foreign_name_of_an_old_table, Outcome(libraries=("libeggs.so",))),
        (foreign_name_of_nobody, Outcome(libraries=("libeggs.so",), foreign=("eggs",))),
        (foreign_name_of_a_library_of_the_program, Outcome()),
        (weak_foreign_name, Outcome()),
        (siblings, Outcome(libraries=("libeggs.so",))),
        (absent, Outcome(missing=("libeggs.so",))),
        (inherited, Outcome(libraries=("libeggs.so", "libham.so"))),
        (not_inherited, Outcome(libraries=("libeggs.so",), missing=("libham.so",))),
        (inheritance_refused, Outcome(libraries=("libeggs.so",), missing=("libham.so",))),
        (foreign_first, Outcome(libraries=("libeggs.so",))),
        (damaged_first, Outcome(missing=("libeggs.so",))),
        (circle, Outcome(libraries=("libeggs.so", "libham.so"))),
        (absolute, Outcome(libraries=("libeggs.so",))),
        (older_version, Outcome(libraries=("libeggs.so",), unmet=("EGGS_2",))),
        (unknown_name, Outcome(libraries=("libeggs.so",), undefined=("PyNobody_Has",))),
        (weak_name, Outcome()),
    ],
)
def test_prediction_is_what_happens(
    make: Callable[[Path], Path], expected: Outcome, given: ProcessImage, tmp_path: Path
) -> None:
    path = make(tmp_path)
    trouble = really_loads(path)
    assert predict(path, given) == expected
    assert expected.loads == (trouble is None), trouble
    for part in (*expected.missing, *expected.unmet, *expected.undefined, *expected.foreign):
        assert part in str(trouble)


class TestArtifact:
    def test_files_that_are_not_on_the_disk(self, given: ProcessImage, tmp_path: Path) -> None:
        """As in a wheel: paths are virtual, and `..` is taken away by text."""
        made = siblings(tmp_path)
        root = PurePosixPath("/virtual/site")
        files = {
            root / "spam.libs/libeggs.so": read_binary_file(tmp_path / "libs/libeggs.so"),
        }
        spam = library(
            tmp_path / "other.so", tmp_path / "libs/libeggs.so", "-Wl,-rpath,$ORIGIN/../spam.libs"
        )
        path = root / "spam/other.so"
        found = resolve(read_binary_file(spam), path, given, files.get)
        assert [(str(each.path), each.owned) for each in found.libraries] == [
            ("/virtual/site/spam/../spam.libs/libeggs.so", True)
        ]
        assert found.defined == {"PyEggs_Count"}
        assert not found.missing
        assert resolve(read_binary_file(made), path, given, files.get).missing

    def test_what_python_code_loads_first(self, given: ProcessImage, tmp_path: Path) -> None:
        made = absent(tmp_path)
        path = tmp_path / "libs/libeggs.so"
        eggs = Loaded(path=PurePosixPath(path), binary=read_binary_file(path), owned=True)
        found = resolve(
            read_binary_file(made), PurePosixPath(made), given, nearby={"libeggs.so": eggs}
        )
        assert not found.missing
        assert [gap.name for gap in found.assumed] == ["libeggs.so"]
        assert [each.path for each in found.libraries] == [eggs.path]
        # And so it is.
        code = "import ctypes, sys; [ctypes.CDLL(path) for path in sys.argv[1:]]"
        subprocess.run([sys.executable, "-c", code, str(path), str(made)], check=True)


class TestGiven:
    @pytest.mark.parametrize("runtime", RUNTIMES)
    def test_exports_are_what_the_runtime_itself_finds(
        self, require: Require, runtime: str
    ) -> None:
        executable = require(runtime)
        given = load_process_image(executable)
        known = frozenset().union(*(exports_of((3, minor)) or () for minor in range(6, 16)))
        names = sorted(known | given.exports)
        code = (
            "import ctypes, sys\n"
            "for name in sys.stdin.read().split():\n"
            "    if hasattr(ctypes.CDLL(None), name): print(name)"
        )
        reply = subprocess.run(
            [executable, "-S", "-E", "-c", code],
            input="\n".join(names),
            capture_output=True,
            text=True,
            check=True,
        )
        assert given.exports == set(reply.stdout.split())
        assert not given.missing

    def test_libc_is_the_runtimes_own(self, given: ProcessImage) -> None:
        try:
            name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        except (ValueError, AttributeError):
            pytest.skip("not glibc")
        assert given.libc == (name, tuple(int(part) for part in version.split(".")))

    def test_symbolic_link(self, given: ProcessImage, tmp_path: Path) -> None:
        link = tmp_path / "python"
        link.symlink_to(sys.executable)
        assert load_process_image(link).program.path == given.program.path

    def test_program_that_misses_a_library(self, tmp_path: Path) -> None:
        eggs = library(tmp_path / "libeggs.so")
        source = "int main(void) { return 0; }"
        program = compile_c(tmp_path / "program", source, ALWAYS, str(eggs), shared=False)
        assert [gap.name for gap in load_process_image(program).missing] == ["libeggs.so"]
        found = load_process_image(program, library_path=(str(tmp_path),))
        assert not found.missing

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"#!/bin/sh\nexec python3\n", id="wrapper"),
            pytest.param(macho_bytes.SAMPLES[0], id="Mach-O"),
        ],
    )
    def test_no_elf_program(self, data: bytes, tmp_path: Path) -> None:
        (tmp_path / "python").write_bytes(data)
        with pytest.raises(NotABinaryError):
            load_process_image(tmp_path / "python")
