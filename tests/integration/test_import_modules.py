"""Modules that load, crash, hang, lie and litter, in child processes of real runtimes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abi_probe import Status, Verdict, read_path
from multirt.probe.import_check import ImportCheckOptions, ProofStore, check_imports_on
from multirt.probe.import_modules import ImportLimits
from multirt.probe.model import Check, ImportOutcome, apply_import_result
from runtimes import interrogate
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.test_wheel import packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from multirt.probe.model import Proof
    from runtimes import Runtime
    from tests.conftest import Require, RequireHeaders

pytestmark = pytest.mark.real

_MULTI = """
#include <Python.h>
#include <signal.h>
#include <stdlib.h>
static int run(PyObject *module) { %s; return 0; }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, %s {0, 0}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "probe", "", 0, 0, slots};
PyMODINIT_FUNC PyInit_probe(void) { return PyModuleDef_Init(&def); }
"""
_SINGLE = """
#include <Python.h>
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "probe", "", -1};
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&def); }
"""
_CRASH = "raise(SIGSEGV)"
_HANDLED = """
    if (PyDict_GetItemString(PySys_GetXOptions(), "faulthandler")) {
        PyErr_SetString(PyExc_TypeError, "signals are handled");
        return -1;
    }
"""
_OWN_GIL = "{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},"
_NO_GIL = "{Py_mod_gil, Py_MOD_GIL_NOT_USED},"


@pytest.fixture
def this() -> Runtime:
    """Return the runtime that runs the tests."""
    return interrogate(Path(sys.executable), env=os.environ, timeout=60.0)


@pytest.fixture
def built(
    require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> Callable[[str, str], tuple[Path, Runtime]]:
    """Return a function that compiles `probe` and gives its folder and the runtime."""

    def make(name: str, source: str) -> tuple[Path, Runtime]:
        runtime = interrogate(require(name), env=os.environ, timeout=60.0)
        return build(tmp_path, source, require_headers(name)), runtime

    return make


def prove(folder: Path, runtime: Runtime, check: Check = Check.IMPORT, **how: object) -> Proof:
    """Prove what is in a folder, or a wheel."""
    (artifact,) = read_path(folder)
    setting = ImportCheckOptions(env=os.environ, limits=ImportLimits(seconds=20.0), **how)  # type: ignore[arg-type]
    (proof,) = check_imports_on(artifact, [runtime], check=check, setting=setting)
    return proof


def build(folder: Path, source: str, include: tuple[Path, ...], name: str = "probe.so") -> Path:
    """Compile a module into a folder."""
    compile_c(folder / name, source, *(f"-I{path}" for path in include))
    return folder


@pytest.mark.parametrize(
    ("source", "outcome", "text"),
    [
        pytest.param(_SINGLE, ImportOutcome.IMPORTED, "probe.so", id="single-phase"),
        pytest.param(_MULTI % ("", ""), ImportOutcome.IMPORTED, "probe.so", id="multi-phase"),
        pytest.param(_MULTI % (_CRASH, ""), ImportOutcome.CRASHED, "SIGSEGV", id="crash"),
        pytest.param(_MULTI % ("exit(3)", ""), ImportOutcome.CRASHED, "exit code 3", id="exit"),
        pytest.param(
            _MULTI % ("atexit(abort)", ""), ImportOutcome.CRASHED, "at exit", id="at-exit"
        ),
        pytest.param(
            _MULTI % ('PyErr_SetString(PyExc_OSError, "no"); return -1', ""),
            ImportOutcome.FAILED,
            "OSError: no",
            id="exception",
        ),
        pytest.param(
            _MULTI % ('PyErr_SetString(PyExc_KeyboardInterrupt, "no"); return -1', ""),
            ImportOutcome.FAILED,
            "KeyboardInterrupt",
            id="interrupt",
        ),
        pytest.param(
            _MULTI % ("PyRun_SimpleString(\"import os; os.write(1, b'[[[\\\\n' * 99999)\")", ""),
            ImportOutcome.IMPORTED,
            "probe.so",
            id="flood",
        ),
        pytest.param(
            _MULTI % (_HANDLED, ""), ImportOutcome.IMPORTED, "probe.so", id="refuses-faulthandler"
        ),
    ],
)
def test_says_what_became_of_a_module(
    source: str,
    outcome: ImportOutcome,
    text: str,
    built: Callable[[str, str], tuple[Path, Runtime]],
) -> None:
    (seen,) = prove(*built("3.11", source)).seen
    assert (seen.module, seen.outcome) == ("probe", outcome)
    assert text in seen.detail


def test_one_crash_leaves_the_others_their_own_answers(
    require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    runtime = interrogate(require("3.11"), env=os.environ, timeout=60.0)
    for name, statement in (("a", ""), ("b", _CRASH), ("c", ""), ("d", "atexit(abort)")):
        source = (_MULTI % (statement, "")).replace("PyInit_probe", f"PyInit_{name}")
        build(tmp_path, source, require_headers("3.11"), f"{name}.so")
    seen = {each.module: each.outcome for each in prove(tmp_path, runtime).seen}
    crashed, imported = ImportOutcome.CRASHED, ImportOutcome.IMPORTED
    assert seen == {"a": imported, "b": crashed, "c": imported, "d": crashed}


def test_each_is_seen_to_the_end_whatever_comes_after_it(
    require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    runtime = interrogate(require("3.11"), env=os.environ, timeout=60.0)
    shown = (("a", "atexit(abort)"), ("b", "fork()"), ("c", ""), ("d", _CRASH), ("e", _CRASH))
    for name, statement in shown:
        source = (_MULTI % (statement, "")).replace("PyInit_probe", f"PyInit_{name}")
        source = f"#include <unistd.h>\n{source}"
        build(tmp_path, source, require_headers("3.11"), f"{name}.so")
    seen = {each.module: each.outcome for each in prove(tmp_path, runtime).seen}
    crashed, imported = ImportOutcome.CRASHED, ImportOutcome.IMPORTED
    assert seen == {"a": crashed, "b": imported, "c": imported, "d": crashed, "e": crashed}


def test_a_module_that_hangs_is_ended_with_all_that_it_started(
    this: Runtime, tmp_path: Path
) -> None:
    fifo, site = tmp_path / "fifo", tmp_path / "site"
    os.mkfifo(fifo)
    site.mkdir()
    (site / "slow.py").write_text(
        "import os, subprocess, sys\n"
        f"fifo = os.open({str(fifo)!r}, os.O_WRONLY)\n"
        "os.write(fifo, b'alive')\n"
        "command = [sys.executable, '-c', 'while True: pass']\n"
        "subprocess.Popen(command, pass_fds=[fifo])\n"
        "while True: pass\n"
    )
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    (artifact,) = read_path(site)
    (proof,) = check_imports_on(
        artifact, [this], setting=ImportCheckOptions(limits=ImportLimits(seconds=1.0))
    )
    assert [each.outcome for each in proof.seen] == [ImportOutcome.HUNG]
    assert proof.imported is False
    os.set_blocking(reader, True)
    with open(reader, "rb") as stream:  # noqa: PTH123 - a descriptor
        assert stream.read() == b"alive"  # which ends when nobody is left to write


_ABSENT = "import not_installed_anywhere\n"
_ABSENT_IN_WORDS = """
try:
    import not_installed_anywhere
except ImportError:  # as PyPy's `_tkinter` does, without a name
    raise ImportError("No module named 'not_installed_anywhere', please install its package")
"""


@pytest.mark.parametrize("source", [_ABSENT, _ABSENT_IN_WORDS], ids=["named", "in a text"])
def test_what_is_absent_is_no_fault_of_the_artifact(
    source: str, require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    runtime = interrogate(require("3.11"), env=os.environ, timeout=60.0)
    build(tmp_path / "pack", _SINGLE, require_headers("3.11"))
    (tmp_path / "pack" / "__init__.py").write_text(source)
    proof = prove(tmp_path, runtime)
    (seen,) = proof.seen
    assert seen.outcome is ImportOutcome.NEEDS_MODULE
    assert seen.alone is not None
    assert seen.alone.outcome is ImportOutcome.IMPORTED
    assert proof.imported is None
    (other := tmp_path / "other").mkdir()
    (other / "not_installed_anywhere.py").touch()
    assert prove(tmp_path, runtime, roots=(other,)).imported is True


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        pytest.param(_SINGLE, False, id="single-phase"),
        pytest.param(_MULTI % ("", ""), False, id="multi-phase"),
        pytest.param(_MULTI % ("", _OWN_GIL), True, id="with-its-slot"),
        pytest.param(_MULTI % (_CRASH, _OWN_GIL), False, id="crash"),
    ],
)
@pytest.mark.parametrize("name", ["3.12", "3.13", "3.14"])
def test_subinterpreters(
    source: str,
    imported: bool,  # noqa: FBT001 - a row of the table
    name: str,
    built: Callable[[str, str], tuple[Path, Runtime]],
) -> None:
    assert prove(*built(name, source), Check.SUBINTERPRETER).imported is imported


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        pytest.param(_SINGLE, ImportOutcome.TURNS_GIL_ON, id="single-phase"),
        pytest.param(_MULTI % ("", ""), ImportOutcome.TURNS_GIL_ON, id="undeclared"),
        pytest.param(_MULTI % ("", _NO_GIL), ImportOutcome.IMPORTED, id="declared"),
    ],
)
def test_gil(
    source: str,
    outcome: ImportOutcome,
    built: Callable[[str, str], tuple[Path, Runtime]],
) -> None:
    (seen,) = prove(*built("3.13t", source), Check.GIL).seen
    assert seen.outcome is outcome


def test_checks_that_a_runtime_has_nothing_for(this: Runtime, tmp_path: Path) -> None:
    (tmp_path / "plain.py").touch()
    (seen,) = prove(tmp_path, this, Check.GIL).seen
    assert seen.outcome is ImportOutcome.IMPOSSIBLE


@pytest.mark.parametrize("name", ["2.7", "3.6", "3.15", "pypy3.9", "pypy3.11-next"])
def test_nothing_is_written_where_packages_are(name: str, require: Require, tmp_path: Path) -> None:
    runtime = interrogate(require(name), env=os.environ, timeout=60.0)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text(
        "import os\nopen('left', 'w').close()\nopen(os.path.expanduser('~/left'), 'w').close()\n"
    )
    before = sorted(tmp_path.rglob("*"))
    assert prove(tmp_path, runtime).imported is True
    assert sorted(tmp_path.rglob("*")) == before


def test_a_proof_is_cached_until_a_file_changes(this: Runtime, tmp_path: Path) -> None:
    site, count = tmp_path / "site", tmp_path / "count"
    site.mkdir()
    module = site / "counted.py"
    module.write_text(f"open({str(count)!r}, 'a').write('x')\n")
    store = ProofStore(folder=tmp_path / "store")
    first = prove(site, this, store=store)
    assert prove(site, this, store=store) == first
    assert count.read_text() == "x"
    module.write_text(f"open({str(count)!r}, 'a').write('xx')\n")
    assert prove(site, this, store=store) == first
    assert count.read_text() == "xxx"
    for file in store.folder.iterdir():
        file.write_text("[")
    assert prove(site, this, store=store) == first


def test_a_wheel_is_unpacked_for_it(this: Runtime, tmp_path: Path) -> None:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    info = "demo-1.0.dist-info"
    files = {"demo/__init__.py": b"from demo import part", "demo/part.py": b""}
    files |= {f"{info}/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"}
    files |= {f"{info}/WHEEL": b"Tag: py3-none-any\n", f"{info}/RECORD": b""}
    wheel.write_bytes(packed(files))
    assert prove(wheel, this).imported is True


def test_what_a_proof_adds_to_a_verdict(this: Runtime, tmp_path: Path) -> None:
    (tmp_path / "good.py").touch()
    unverified = Verdict(target=this.id, status=Status.UNVERIFIED)
    good = apply_import_result(unverified, prove(tmp_path, this))
    assert (good.status, good.imported) == (Status.COMPATIBLE, True)
    (tmp_path / "bad.py").write_text("1 / 0")
    bad = apply_import_result(unverified, prove(tmp_path, this))
    assert (bad.status, bad.imported) == (Status.INCOMPATIBLE, False)
    assert [each.cause for each in bad.objections] == ["import"]
    assert "bad fails: ZeroDivisionError" in bad.objections[0].detail
    again = prove(tmp_path, this, Check.SUBINTERPRETER)
    assert apply_import_result(bad, again) == bad
