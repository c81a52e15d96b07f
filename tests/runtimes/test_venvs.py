"""An environment leads to what it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtimes import base_executable
from tests.runtimes.conftest import make_script

if TYPE_CHECKING:
    from pathlib import Path


def environment(root: Path, settings: str) -> Path:
    python = make_script(root / "env" / "bin" / "python", "")
    (root / "env" / "pyvenv.cfg").write_text(settings.replace("{root}", str(root)))
    return python


@pytest.fixture
def bases(tmp_path: Path) -> Path:
    for name in ("a/bin/python3.12", "a/bin/python3", "b/bin/python3", "b/bin/pypy3.10"):
        make_script(tmp_path / name, "")
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        pytest.param("home = {root}/a/bin\nversion = 3.12.1", "a/bin/python3.12", id="venv"),
        pytest.param(
            "HOME={root}/a/bin\nversion_info = 3.12.1.final.0", "a/bin/python3.12", id="case"
        ),
        pytest.param("home = {root}/a/bin", "a/bin/python3", id="no-version"),
        pytest.param(
            "home = {root}/a/bin\nexecutable = {root}/a/bin/python3", "a/bin/python3", id="3.11"
        ),
        pytest.param(
            "home = {root}/b/bin\nexecutable = {root}/a/bin/python3.12",
            "b/bin/python3",
            id="home-was-edited",
        ),
        pytest.param(
            "home = {root}/a/bin\nbase-executable = {root}/a/bin/python3.12",
            "a/bin/python3.12",
            id="virtualenv",
        ),
        pytest.param(
            "home = {root}/b/bin\nimplementation = PyPy\nversion_info = 3.10.14.final.0",
            "b/bin/pypy3.10",
            id="pypy",
        ),
        pytest.param("home = {root}/gone/bin", None, id="gone"),
        pytest.param("home = bin", None, id="relative"),
        pytest.param("", None, id="empty"),
        pytest.param("home = {root}/env/bin", None, id="itself"),
    ],
)
def test_bases(bases: Path, settings: str, base: str | None) -> None:
    python = environment(bases, settings)
    expected = bases / base if base else None
    assert base_executable(python) == expected
    assert base_executable(python.parent.parent) == expected


def test_an_environment_of_an_environment(bases: Path) -> None:
    environment(bases, "home = {root}/a/bin")
    inner = make_script(bases / "inner" / "bin" / "python", "")
    (bases / "inner" / "pyvenv.cfg").write_text(f"home = {bases}/env/bin\n")
    assert base_executable(inner) == bases / "a" / "bin" / "python3"


def test_two_that_point_to_each_other(bases: Path) -> None:
    python = environment(bases, "home = {root}/inner/bin")
    make_script(bases / "inner" / "bin" / "python", "")
    (bases / "inner" / "pyvenv.cfg").write_text(f"home = {bases}/env/bin\n")
    assert base_executable(python) is None


def test_what_is_no_environment(bases: Path) -> None:
    assert base_executable(bases / "a" / "bin" / "python3") is None
    assert base_executable(bases / "nowhere") is None
