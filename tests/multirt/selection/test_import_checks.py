"""Which modules only a standard library brings."""

from __future__ import annotations

import sys

import pytest

from multirt.environments import InstallRequest
from multirt.selection.import_checks import has_stdlib_module, stdlib_only_names
from tests.factories.matrix import runtime


@pytest.mark.parametrize(
    ("requirement", "brought"),
    [
        pytest.param("six", set(), id="nothing of it"),
        pytest.param("legacy-cgi>=2", {"cgi"}, id="a word more"),
        pytest.param("Standard_CGI ; python_version >= '3.13'", {"cgi"}, id="another spelling"),
        pytest.param("enum34", {"enum"}, id="a figure more"),
        pytest.param("setuptools<81", {"distutils"}, id="named otherwise"),
        pytest.param("pyasyncore", {"asyncore"}, id="joined"),
        pytest.param("backports.lzma", set(), id="in a package of its own"),
        pytest.param("-e .", set(), id="no name"),
    ],
)
def test_what_distributions_bring(requirement: str, brought: set[str]) -> None:
    wanted = InstallRequest(requirements=(requirement,))
    assert stdlib_only_names(None) - stdlib_only_names(wanted) == brought


def test_what_another_implementation_adds_is_elsewhere_a_distribution() -> None:
    assert stdlib_only_names(None) >= {"os", "asyncore", "urllib2", "annotationlib", "__pypy__"}
    assert not stdlib_only_names(None) & {"requests", "cffi", "greenlet"}


def test_the_table_has_every_module_of_this_python() -> None:
    assert stdlib_only_names(None) >= sys.stdlib_module_names


@pytest.mark.parametrize("name", ["java", "js", "machine"])
def test_a_module_of_one_implementation_is_standard_on_every_machine(name: str) -> None:
    assert name in stdlib_only_names(None)
    assert name not in stdlib_only_names(InstallRequest(requirements=(name,)))


@pytest.mark.parametrize(
    ("implementation", "name", "has"),
    [("jython", "java", True), ("cpython", "java", False), ("pyodide", "js", True)],
)
def test_unlisted_modules_are_known(implementation: str, name: str, *, has: bool) -> None:
    assert (
        has_stdlib_module(runtime(f"{implementation}-3.11.0", stdlib=frozenset({"os"})), name)
        is has
    )
