"""What the stable ABI promises, and what releases export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from abi_probe.dynamic_linking.loader import load_process_image
from abi_probe.model import SymbolClass
from abi_probe.stable_abi import classify, computed_floor, exporters, exports_of, lookup
from abi_probe.symbol_names import is_init_function

if TYPE_CHECKING:
    from tests.conftest import Require

ALL = tuple((3, minor) for minor in range(6, 16))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PyList_New", SymbolClass.STABLE),
        ("PyUnicode_AsUTF8AndSize", SymbolClass.STABLE),
        ("PyErr_SetFromWindowsErr", SymbolClass.STABLE),
        ("_Py_NoneStruct", SymbolClass.STABLE_ABI_ONLY),
        ("_Py_Dealloc", SymbolClass.STABLE_ABI_ONLY),
        ("PyUnicode_AsUTF8", SymbolClass.PUBLIC),
        ("PyQt_Thing", SymbolClass.PUBLIC),
        ("PyUnstable_Code_New", SymbolClass.UNSTABLE),
        ("_PyObject_CallMethodId", SymbolClass.PRIVATE),
        ("_PyThreadState_UncheckedGet", SymbolClass.INTERNAL),  # gone in 3.13
        ("_PyNobody_HasThis", SymbolClass.INTERNAL),
        ("_Py_RefTotal", SymbolClass.DEBUG_ONLY),
        ("_Py_NegativeRefcount", SymbolClass.DEBUG_ONLY),
        ("_Py_INCREF_IncRefTotal", SymbolClass.DEBUG_ONLY),
        ("PyModule_Create2TraceRefs", SymbolClass.DEBUG_ONLY),
        ("_Py_DecRefShared", SymbolClass.FREETHREADED_ONLY),
        ("_Py_MergeZeroLocalRefcount", SymbolClass.FREETHREADED_ONLY),
        ("PyUnstable_Module_SetGIL", SymbolClass.FREETHREADED_ONLY),
        ("PyPyObject_Call", SymbolClass.PYPY),
        ("_PyPy_Malloc", SymbolClass.PYPY),
        ("GraalPy_get_PyObject_ob_type", SymbolClass.GRAALPY),
        ("HPyInit_spam", SymbolClass.HPY),
    ],
)
def test_class(name: str, expected: SymbolClass) -> None:
    assert classify(name) is expected


def test_entry() -> None:
    found = lookup("PyUnicode_AsUTF8AndSize")
    assert found is not None
    assert (found.added, found.first_exported) == ((3, 10), (3, 6))
    assert (found.abi_only, found.feature, found.data) == (False, None, False)


def test_entry_of_a_variable_for_macros() -> None:
    found = lookup("_Py_NoneStruct")
    assert found is not None
    assert (found.added, found.abi_only, found.data) == ((3, 2), True, True)


def test_entry_of_another_system() -> None:
    found = lookup("PyErr_SetFromWindowsErr")
    assert found is not None
    assert (found.feature, found.first_exported) == ("MS_WINDOWS", None)


@pytest.mark.parametrize("name", ["PyUnicode_AsUTF8", "_PyObject_CallMethodId", "printf", ""])
def test_no_entry(name: str) -> None:
    assert lookup(name) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param((), (3, 2), id="none"),
        pytest.param(("PyList_New", "_Py_NoneStruct"), (3, 2), id="oldest"),
        pytest.param(("PyList_New", "PyObject_GetBuffer"), (3, 11), id="newest counts"),
        pytest.param(("PyList_New", "PyUnicode_AsUTF8"), None, id="public"),
        pytest.param(("PyList_New", "_Py_RefTotal"), None, id="debug build"),
        pytest.param(("PyPyList_New",), None, id="PyPy"),
    ],
)
def test_floor(names: tuple[str, ...], expected: tuple[int, int] | None) -> None:
    assert computed_floor(names) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PyList_New", ALL),
        ("PyCFunction_New", tuple(v for v in ALL if v != (3, 9))),
        ("_PyThreadState_UncheckedGet", ALL[:7]),
        ("Py_NoSuchThing", ()),
    ],
)
def test_exporters(name: str, expected: tuple[tuple[int, int], ...]) -> None:
    assert exporters(name) == expected


def test_unknown_release() -> None:
    assert exports_of((3, 5)) is None
    assert exports_of((3, 99)) is None


@pytest.mark.parametrize("version", ["3.8", "3.11", "3.13"])
def test_table_is_what_a_runtime_exports(require: Require, version: str) -> None:
    """Patch releases differ in a few private names, never in a public one."""
    major, minor = map(int, version.split("."))
    table = exports_of((major, minor))
    assert table is not None
    real = {
        name for name in load_process_image(require(version)).exports if not is_init_function(name)
    }
    assert not {name for name in real ^ table if not name.startswith("_")}
    assert len(real ^ table) < len(table) / 20
