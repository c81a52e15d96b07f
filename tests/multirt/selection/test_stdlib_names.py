"""Which modules only a standard library brings."""

from __future__ import annotations

import pytest

from multirt.environments import Wanted
from multirt.selection.stdlib_names import has_standard, standard_names
from tests.factories.matrix import runtime

_OLD = runtime("3.11.7", stdlib=frozenset({"asyncore", "cgi", "distutils", "enum", "lzma", "os"}))
_NEW = runtime("3.15.0", stdlib=frozenset({"enum", "os"}))
_MICRO = runtime("micropython-3.4.0", stdlib=frozenset({"os", "requests"}))
_OF_ONE_IMPLEMENTATION = standard_names((), None)
_PYPY = runtime("pypy-3.11.11", stdlib=frozenset({"os", "cffi", "__pypy__"}))


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
    names = standard_names((_OLD, _NEW), None)
    assert names == _OLD.stdlib | _OF_ONE_IMPLEMENTATION
    wanted = Wanted(requirements=(requirement,))
    assert names - standard_names((_OLD, _NEW), wanted) == brought


def test_what_another_implementation_adds_is_elsewhere_a_distribution() -> None:
    names = standard_names((_NEW, _MICRO, _PYPY), None)
    assert names == _NEW.stdlib | _OF_ONE_IMPLEMENTATION
    names = standard_names((_MICRO, _PYPY), None)
    assert names == _MICRO.stdlib | _PYPY.stdlib | _OF_ONE_IMPLEMENTATION


@pytest.mark.parametrize("name", ["java", "js", "machine"])
def test_a_module_of_one_implementation_is_standard_on_every_machine(name: str) -> None:
    assert name in standard_names((_NEW,), None)
    assert name not in standard_names((_NEW,), Wanted(requirements=(name,)))


@pytest.mark.parametrize(
    ("implementation", "name", "has"),
    [("jython", "java", True), ("cpython", "java", False), ("pyodide", "js", True)],
)
def test_unlisted_modules_are_known(implementation: str, name: str, *, has: bool) -> None:
    assert has_standard(runtime(f"{implementation}-3.11.0", stdlib=frozenset({"os"})), name) is has
