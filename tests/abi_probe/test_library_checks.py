"""Extensions that load the library of a Python, the runtime's own or another's."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace

from abi_probe.dynamic_linking.library_search import Loaded
from abi_probe.dynamic_linking.loader import LinkResult
from abi_probe.library_checks import check_python_library
from abi_probe.verdict import Cause
from tests.factories.artifacts import elf_binary, extension, target

MODULE = extension("spam.cpython-311-x86_64-linux-gnu.so")


def loading(name: str, *exports: str) -> LinkResult:
    """Return what loading a module brings along: one library."""
    binary = replace(elf_binary(exports=exports), soname=name)
    library = Loaded(path=PurePosixPath("/usr/lib", name), binary=binary)
    return LinkResult(
        defined=frozenset(exports),
        libraries=(library,),
        missing=(),
        assumed=(),
        version_needs=frozenset(),
        unmet=(),
    )


@pytest.mark.parametrize(
    ("name", "flags", "other"),
    [
        ("libpython3.11.so.1.0", "", None),
        ("libpython3.11.so.1.0", "d", "CPython 3.11"),
        ("libpython3.11d.so.1.0", "d", None),
        ("libpython3.11d.so.1.0", "", "CPython 3.11d"),
        ("libpython3.12.so.1.0", "", "CPython 3.12"),
        ("libpython3-6eb1b3d2.10.so.1.0", "", "CPython 3.10"),
        ("libpypy3.11-c.so", "", "PyPy 3.11"),
    ],
)
def test_a_module_that_loads_another_pythons_library_is_refused(
    name: str, flags: str, other: str | None
) -> None:
    objections, warnings = check_python_library(MODULE, loading(name), target("3.11", flags=flags))
    assert [each.cause for each in objections] == ([Cause.ABI_KIND] if other else [])
    assert all(f"the library of {other}" in each.detail for each in objections)
    assert len(warnings) == (0 if other else 1)


def test_a_library_that_runs_python_is_known_by_what_it_exports() -> None:
    objections, warnings = check_python_library(
        MODULE, loading("libembedded.so", "Py_Initialize"), target("3.11")
    )
    assert not objections
    assert "a second Python" in warnings[0].detail


def test_the_library_that_a_runtime_has_loaded_is_its_own() -> None:
    needing = replace(MODULE, binary=replace(MODULE.binary, needed=("libpython3.11.so.1.0",)))
    nothing_new = replace(loading("libm.so.6"), libraries=())
    assert check_python_library(needing, nothing_new, target("3.11")) == ([], [])


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("libpython3.11.so.1.0", False),
        ("libpython3.10.so.1.0", True),
        ("/Library/Frameworks/Python.framework/Versions/3.10/Python", True),
        ("@rpath/Python.framework/Versions/3.11/Python", False),
    ],
)
def test_a_described_runtime_is_judged_by_the_librarys_name(name: str, *, refused: bool) -> None:
    needing = replace(MODULE, binary=replace(MODULE.binary, needed=(name,)))
    objections, warnings = check_python_library(needing, None, target("3.11"))
    assert bool(objections) is refused
    assert not warnings
