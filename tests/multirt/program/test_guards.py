"""What conditions in programs give on a runtime."""

from __future__ import annotations

import pytest

from multirt.program import RuntimeFacts, evaluate_guard

_PYPY = RuntimeFacts(
    version=(3, 11, 4),
    implementation="pypy",
    own_name="pypy",
    title="PyPy",
    system="linux",
    machine="x86_64",
)
_WINDOWS = RuntimeFacts(
    version=(2, 7, 18),
    implementation="cpython",
    own_name="",
    title="CPython",
    system="win32",
    machine="amd64",
)


@pytest.mark.parametrize(
    ("test", "on_pypy", "on_windows"),
    [
        pytest.param("sys.version_info >= (3, 11)", True, False, id="version"),
        pytest.param("(3, 8) <= sys.version_info < (3, 11)", False, False, id="chain"),
        pytest.param("sys.version_info[0] == 2", False, True, id="index"),
        pytest.param("sys.version_info[:2] in ((2, 7), (3, 11))", True, True, id="slice"),
        pytest.param("version_info.major < 3", None, None, id="an unknown name"),
        pytest.param("sys.version_info.major < 3", False, True, id="field"),
        pytest.param("sys.hexversion >= 0x030B0000", True, False, id="hexversion"),
        pytest.param("sys.platform == 'win32'", False, True, id="platform"),
        pytest.param("sys.platform.startswith(('win', 'cyg'))", False, True, id="startswith"),
        pytest.param("os.name != 'nt'", True, False, id="os"),
        pytest.param("sys.implementation.name == 'pypy'", True, False, id="implementation"),
        pytest.param("hasattr(sys, 'pypy_version_info')", True, False, id="hasattr"),
        pytest.param("hasattr(sys, 'pyston_version_info')", False, False, id="hasattr of a fork"),
        pytest.param(
            "platform.python_implementation() == 'CPython'", False, True, id="python_implementation"
        ),
        pytest.param("sys.implementation.name == 'cpython'", False, False, id="before 3.3"),
        pytest.param("platform.system() == 'Windows'", False, True, id="call"),
        pytest.param("not TYPE_CHECKING", True, True, id="not"),
        pytest.param("TYPE_CHECKING or debug", None, None, id="half known"),
        pytest.param("TYPE_CHECKING and debug", False, False, id="settled by one side"),
        pytest.param("sys.version_info >= (3, 11) or debug", True, None, id="settled for one"),
        pytest.param("sys.version_info > 3", None, None, id="no order"),
        pytest.param("sys.version_info[9]", None, None, id="no such item"),
        pytest.param("len(sys.argv) > 1", None, None, id="something else"),
    ],
)
def test_conditions(test: str, *, on_pypy: bool | None, on_windows: bool | None) -> None:
    assert (evaluate_guard(test, _PYPY), evaluate_guard(test, _WINDOWS)) == (on_pypy, on_windows)
