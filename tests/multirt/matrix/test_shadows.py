"""Where tests import the project's folder though the wheel is what is tested."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from abi_probe import read_wheel
from multirt.matrix.cells import spread
from multirt.matrix.model import Package, Wheel
from multirt.matrix.planning import shadows
from tests.multirt.matrix.described import MACHINE
from tests.multirt.matrix.test_cells import config

if TYPE_CHECKING:
    from pathlib import Path

    from abi_probe import Artefact

PYTHON = ("python", "-m", "pytest")


@pytest.mark.parametrize(
    ("files", "command", "said"),
    [
        pytest.param(["demo/__init__.py"], PYTHON, "`python -m` imports demo", id="package"),
        pytest.param(["demo.py"], PYTHON, "`python -m` imports demo.py", id="module"),
        pytest.param(["src/demo/__init__.py"], PYTHON, None, id="src"),
        pytest.param(["demo/__init__.py"], ("pytest",), None, id="pytest"),
        pytest.param(
            ["demo/__init__.py", "tests/__init__.py"],
            ("pytest", "-q"),
            "pytest, because of tests/__init__.py, imports demo",
            id="tests are a package",
        ),
        pytest.param(
            ["demo.py", "conftest.py"],
            ("pytest",),
            "pytest, because of conftest.py, imports demo.py",
            id="conftest",
        ),
        pytest.param(
            ["demo.py", "conftest.py"], ("pytest", "--import-mode=importlib"), None, id="importlib"
        ),
    ],
)
def test_what_hides_the_wheel_is_said(
    tmp_path: Path, artefact: Artefact, files: list[str], command: tuple[str, ...], said: str | None
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    wheel = Wheel(
        path=tmp_path / "demo-1.0-py3-none-any.whl",
        sha256="",
        artefact=artefact,
        modules=("demo",),
        built_on=None,
    )
    cells = [replace(each, commands=(command,)) for each in spread(config("3.12"), MACHINE).cells]
    notes = shadows(tmp_path, [wheel], cells)
    assert [said is not None and each.startswith(said) for each in notes] == [True] * bool(said)
    skipped = [replace(each, package=Package.SKIP) for each in cells]
    assert shadows(tmp_path, [wheel], skipped) == ()


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    """Return a wheel that holds nothing."""
    path = tmp_path / "x" / "demo-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with ZipFile(path, "w") as file:
        file.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr("demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n")
        file.writestr("demo-1.0.dist-info/RECORD", "")
    return read_wheel(path)
