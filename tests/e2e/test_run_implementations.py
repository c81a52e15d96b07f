"""A module that only one implementation has chooses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("jython", "from java.lang import System\nprint('here')", id="Java"),
        pytest.param("jython", "import org.python.core\nprint('here')", id="Jython's own"),
        pytest.param("pypy3.9", "import __pypy__\nprint('here')", id="PyPy"),
        pytest.param("micropython", "import machine, micropython\nprint('here')", id="MPy"),
        pytest.param("pyodide", "import pyodide_js, js\nprint('here')", id="Pyodide"),
    ],
)
def test_a_module_of_one_implementation_chooses_it(
    multirt: Command,
    require: Require,
    tmp_path: Path,
    name: str,
    source: str,
) -> None:
    require(name)
    (tmp_path / "tool.py").write_text(source)
    done = multirt("run", "tool.py")
    assert done.stdout == "here\n"
    assert f"({name.rstrip('3.9')}): nothing else fits" in done.stderr
