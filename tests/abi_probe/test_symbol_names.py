"""Which names concern a Python runtime, and which are a module's init function."""

from __future__ import annotations

import pytest

from abi_probe.symbol_names import (
    FIRST_BYTES,
    init_functions,
    is_init_function,
    is_python_symbol,
    is_relevant,
)

PYTHONIC = (
    "PyList_New",
    "Py_IsInitialized",
    "_Py_NoneStruct",
    "_PyObject_CallMethodId",
    "PyUnicodeUCS4_FromString",
    "PyPyObject_Call",
    "_PyPy_Malloc",
    "pypy_setup_home",
    "_pypy_init_home",
    "GraalPy_get_PyObject_ob_type",
    "_GraalPyUnicode_get_ascii",
    "HPy_Dup",
    "HPyInit_spam",
    "_HPy_New",
    "PyInit_spam",
    "PyModExport_spam",
)
NOT_PYTHONIC = (
    "",
    "Py",
    "_Py",
    "Python",
    "Pylon_Init",
    "__PyList_New",
    "my_PyList_New",
    "_ZN9PyQt5CoreEv",
    "malloc",
    "initspam",
    "_cffi_pypyinit_spam",
    "pypysig_counter",
)
HOOKS = (
    "PyInit_spam",
    "PyInitU_zckv1mp7f",
    "PyModExport_spam",
    "PyModExportU_zckv1mp7f",
    "HPyInit_spam",
    "_cffi_pypyinit_spam",
    "initspam",
    "init_spam",
)


@pytest.mark.parametrize("name", PYTHONIC)
def test_pythonic(name: str) -> None:
    assert is_python_symbol(name)
    assert is_python_symbol(name.encode())


@pytest.mark.parametrize("name", NOT_PYTHONIC)
def test_not_pythonic(name: str) -> None:
    assert not is_python_symbol(name)


@pytest.mark.parametrize("name", HOOKS)
def test_hook(name: str) -> None:
    assert is_init_function(name)


@pytest.mark.parametrize("name", ["PyInit_", "PyInit", "init", "init2d", "PyList_New", "_init"])
def test_no_hook(name: str) -> None:
    assert not is_init_function(name)


@pytest.mark.parametrize("name", sorted({*PYTHONIC, *HOOKS}))
def test_what_matters_passes_the_cheap_test(name: str) -> None:
    assert is_relevant(name)
    assert name.encode().removeprefix(b"_")[0] in FIRST_BYTES


EVERY_HOOK = frozenset(
    {
        "PyInit_spam",
        "PyInit_eggs",
        "PyModExport_spam",
        "HPyInit_spam",
        "_cffi_pypyinit_spam",
        "initspam",
    }
)


@pytest.mark.parametrize(
    ("exports", "stem", "expected"),
    [
        pytest.param(EVERY_HOOK, "spam", EVERY_HOOK - {"PyInit_eggs"}, id="every kind"),
        pytest.param(EVERY_HOOK, "eggs", {"PyInit_eggs"}, id="one of several modules"),
        pytest.param(EVERY_HOOK, "ham", set(), id="none"),
        pytest.param({"PyInitU_tk_xla"}, "täk", set(), id="another name in punycode"),
        # The two examples of PEP 489.
        pytest.param({"PyInitU_lanmt_2sa6t"}, "lančmít", {"PyInitU_lanmt_2sa6t"}, id="latin"),
        pytest.param({"PyInitU_zck5b2b"}, "スパム", {"PyInitU_zck5b2b"}, id="katakana"),
        pytest.param({"PyModExportU_zck5b2b"}, "スパム", {"PyModExportU_zck5b2b"}, id="PEP 793"),
    ],
)
def test_hooks_of_a_module(exports: frozenset[str], stem: str, expected: set[str]) -> None:
    assert init_functions(exports, stem) == expected
