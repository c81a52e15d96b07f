"""Predictions of real wheels and compiled files, against imports in every real runtime."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abi_probe import unpack_wheel
from multirt.targets import prospect_of
from runtimes import Search, discover
from tests.abi_probe.compiler import compile_c
from truthing.cells import Cell, cells
from truthing.samples import Sample

if TYPE_CHECKING:
    from abi_probe import Prospect
    from runtimes import Runtime
    from tests.conftest import RequireHeaders

pytestmark = pytest.mark.real

SAMPLES = tuple(
    Sample(spec=spec, platform=platform, python=python, abi=abi, why=why)
    for spec, platform, python, abi, why in (
        ("bcrypt==4.2.1", "manylinux_2_28_x86_64", "3.9", "abi3", "Rust abi3"),
        ("argon2-cffi==20.1.0", "manylinux1_x86_64", "3.5", "abi3", "needs another module"),
        ("zopfli==0.4.3", "manylinux2014_x86_64", "3.10", "abi3", "abi3 with a floor"),
        ("tornado==6.3.3", "manylinux2014_x86_64", "3.8", "abi3", "an optional extension"),
        ("argon2-cffi-bindings==21.2.0", "manylinux2014_x86_64", "3.6", "abi3", "cffi"),
        ("blake3==1.0.11", "manylinux2014_x86_64", "3.13", "cp313", "Rust"),
        ("cymem==2.0.16", "manylinux2014_x86_64", "3.13", "cp313", "Cython"),
        ("yyjson==4.0.6", "manylinux2014_x86_64", "3.13", "cp313", "plain C, named abi3"),
        ("xattr==1.3.0", "manylinux2014_x86_64", "3.12", "cp312", "cffi of one version"),
        ("rpds-py==2026.9.1", "manylinux2014_x86_64", "3.11", "cp311", "debug builds load it"),
        ("rpds-py==2026.9.1", "manylinux2014_x86_64", "3.11", "pypy311_pp73", "PyPy"),
        ("rpds-py==0.22.3", "manylinux2014_x86_64", "3.9", "pypy39_pp73", "older PyPy"),
        ("markupsafe==3.0.3", "manylinux2014_x86_64", "3.13", "cp313t", "free-threaded"),
        ("markupsafe==3.0.3", "manylinux_2_28_x86_64", "3.14", "cp314", "newer"),
        ("markupsafe==3.0.4", "musllinux_1_2_x86_64", "3.13", "cp313", "another C library"),
        ("markupsafe==1.1.1", "manylinux1_x86_64", "2.7", "cp27mu", "Python 2, bare suffix"),
        ("six==1.17.0", "any", "3.11", "none", "pure"),
    )
)


@pytest.fixture(scope="session")
def prospects() -> list[tuple[Runtime, Prospect]]:
    """Return every CPython and PyPy of this machine, each with what verdicts need."""
    found = discover(Search(env=os.environ, home=Path.home(), timeout=60.0))
    return [
        (runtime, prospect_of(runtime))
        for runtime in found.runtimes
        if runtime.implementation.name in {"cpython", "pypy"}
    ]


def check(title: str, table: list[Cell]) -> None:
    """Print a table of cells, and fail with every prediction that is wrong."""
    print(f"\n{title}")  # noqa: T201 - the table is what a reader of `-s` wants
    for cell in table:
        print(f"  {cell.row()}")  # noqa: T201 - likewise
    counted = Counter(str(cell.verdict.status) for cell in table)
    cautious = sum(cell.cautious() for cell in table)
    print(f"  {dict(counted)}, refused by tag though it imports: {cautious}")  # noqa: T201 - likewise
    wrong = [f"{title} on {cell.runtime}: {text}" for cell in table for text in cell.wrong()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.network
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_wheels_do_as_predicted(
    sample: Sample, prospects: list[tuple[Runtime, Prospect]], tmp_path: Path
) -> None:
    wheel = sample.download(tmp_path / "download")
    assert wheel.stat().st_size < 1_500_000
    folder = unpack_wheel(wheel, tmp_path / "installed")
    check(f"{sample.id} ({sample.why})", cells(folder, prospects, wheel=wheel))


_MODULE = """
#include <Python.h>
%(declaration)s
static PyObject *value(PyObject *self, PyObject *unused) { %(statement)s; Py_RETURN_NONE; }
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", "", 0, methods};
PyMODINIT_FUNC PyInit_probe(void) { return PyModuleDef_Init(&module); }
"""
_LIMITED = "#define Py_LIMITED_API {}\n"
_WEAK = "extern int PyDict_GetItemRef(PyObject *, PyObject *, PyObject **) __attribute__((weak));"
_CALL = "PyObject *out; if (self == 0) PyDict_GetItemRef(self, self, &out)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """A small extension to compile.

    Attributes:
        file: its name, which claims an ABI.
        headers: the interpreter whose headers are used.
        limited: the value of `Py_LIMITED_API`; None for the whole API.
        declaration, statement: C text outside and inside of a function.
        library: name of a library that the file is linked to and that is then removed.
        glibc: a version of the C library that it needs and that does not exist.
    """

    file: str
    headers: str
    limited: str | None = None
    declaration: str = ""
    statement: str = ""
    library: bool = False
    glibc: bool = False

    def make(self, folder: Path, work: Path, include: tuple[Path, ...]) -> None:
        """Compile the extension into a folder, with another folder for what it is made from."""
        options = [f"-I{path}" for path in include]
        if self.library:
            options.append(
                str(
                    compile_c(
                        work / "libabsent.so.1",
                        "int absent(void){return 0;}",
                        "-Wl,-soname,libabsent.so.1",
                    )
                )
            )
        if self.glibc:
            work.mkdir(exist_ok=True)
            script = work / "versions"
            script.write_text("GLIBC_2.99 { global: future; };")
            named = ["-nostdlib", "-Wl,-soname,libc.so.6", f"-Wl,--version-script={script}"]
            options.append(
                str(compile_c(work / "libc_future.so", "int future(void){return 0;}", *named))
            )
        source = _MODULE % {"declaration": self.declaration, "statement": self.statement}
        if self.limited is not None:
            source = _LIMITED.format(self.limited) + source
        compile_c(folder / self.file, source, *options)


BUILDS = (
    pytest.param(
        Build(file="probe.abi3.so", headers="3.11", limited="0x03060000"), id="abi3-since-3.6"
    ),
    pytest.param(
        Build(
            file="probe.abi3.so",
            headers="3.11",
            limited="0x030a0000",
            statement="Py_XNewRef(self); Py_IsTrue(self); PyModule_AddType(self, 0)",
        ),
        id="abi3-since-3.10",
    ),
    pytest.param(
        Build(file="probe.abi3.so", headers="3.13", limited="0x030d0000", statement=_CALL),
        id="abi3-since-3.13",
    ),
    pytest.param(
        Build(
            file="probe.abi3.so",
            headers="3.11",
            limited="0x03060000",
            declaration=_WEAK,
            statement=f"if (PyDict_GetItemRef) {{ {_CALL}; }}",
        ),
        id="weak-symbol",
    ),
    pytest.param(
        Build(file="probe.abi3.so", headers="3.11", statement="_PyObject_GC_Malloc(8)"),
        id="abi3-by-name-only",
    ),
    pytest.param(Build(file="probe.so", headers="3.11"), id="bare"),
    pytest.param(
        Build(file="probe.cpython-311-x86_64-linux-gnu.so", headers="3.11"), id="one-version"
    ),
    pytest.param(
        Build(file="probe.cpython-313t-x86_64-linux-gnu.so", headers="3.13t"), id="free-threaded"
    ),
    pytest.param(
        Build(
            file="probe.abi3.so",
            headers="3.11",
            limited="0x03060000",
            declaration="int absent(void);",
            statement="absent()",
            library=True,
        ),
        id="missing-library",
    ),
    pytest.param(
        Build(
            file="probe.abi3.so",
            headers="3.11",
            limited="0x03060000",
            declaration="int future(void);",
            statement="future()",
            glibc=True,
        ),
        id="newer-glibc",
    ),
)


@pytest.mark.parametrize("build", BUILDS)
def test_compiled_files_do_as_predicted(
    build: Build,
    prospects: list[tuple[Runtime, Prospect]],
    require_headers: RequireHeaders,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    work = tmp_path / "work"
    build.make(tmp_path / "folder", work, require_headers(build.headers))
    shutil.rmtree(work, ignore_errors=True)
    check(request.node.name, cells(tmp_path / "folder", prospects))
