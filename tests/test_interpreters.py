"""Tests of the tests' own table of interpreters."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REQUIRED, required_names
from tests.interpreters import INTERPRETERS, Home, Interpreter, Places, named

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require, RequireHeaders

ASKED = """
import sys
facts = ["%d.%d" % sys.version_info[:2], hasattr(sys, "gettotalrefcount")]
facts.append("t" in getattr(sys, "abiflags", ""))
sys.stdout.write(" ".join(map(str, facts)))
"""


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        pytest.param("", set(), {"3.8"}, id="nothing is required"),
        pytest.param("all", {"3.8", "3.13t", "jython", "chromium"}, set(), id="all"),
        pytest.param("3.8, 3.13t", {"3.8", "3.13t"}, {"3.9"}, id="a list"),
        pytest.param("all,-3.15d", {"3.8", "3.15"}, {"3.15d"}, id="all but one"),
    ],
)
def test_required_names(text: str, present: set[str], absent: set[str]) -> None:
    names = required_names({REQUIRED: text})
    assert present <= names
    assert not absent & names


def test_required_names_refuses_an_unknown_one() -> None:
    with pytest.raises(pytest.UsageError, match=r"no such runtime: 3\.99"):
        required_names({REQUIRED: "3.8,3.99"})


def test_names_are_unique() -> None:
    names = [row.name for row in INTERPRETERS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("PYENV_ROOT", "{root}", id="variable"),
        pytest.param("PATH", "/usr/bin:{root}/shims", id="shims on PATH"),
    ],
)
def test_pyenv_is_found(tmp_path: Path, variable: str, value: str) -> None:
    program = tmp_path / "pyenv/versions/3.8.18/bin/python3.8"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    env = {variable: value.format(root=tmp_path / "pyenv")}
    assert Places.of(env, tmp_path / "home").locate(named("3.8")) == program


def test_absent_interpreter_is_none(tmp_path: Path) -> None:
    locations = Places.of({"MULTIRT_RUNTIMES": str(tmp_path)}, tmp_path)
    assert locations.locate(named("3.15d")) is None
    assert locations.include_folders(named("3.15d")) == ()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name)
        for row in INTERPRETERS
        if row.implementation in {"cpython", "pypy"} and row.home is not Home.SYSTEM
    ],
)
def test_the_table_tells_the_truth(row: Interpreter, require: Require) -> None:
    command = [str(require(row.name)), "-c", ASKED]
    reply = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert reply.stdout.split() == [row.version, str(row.debug), str(row.free_threaded)]


@pytest.mark.parametrize(
    "name", [pytest.param(row.name, id=row.name) for row in INTERPRETERS if row.headers]
)
def test_headers_compile(name: str, require_headers: RequireHeaders, tmp_path: Path) -> None:
    source = tmp_path / "empty.c"
    source.write_text("#include <Python.h>\nint answer(void) { return PY_MAJOR_VERSION; }\n")
    includes = [f"-I{folder}" for folder in require_headers(name)]
    subprocess.run(["cc", "-fsyntax-only", *includes, source], check=True)
