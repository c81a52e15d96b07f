"""Where tests import the project's folder though the wheel is what is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from abi_probe import read_wheel
from multirt.matrix.cells import expand
from multirt.matrix.model import InstallMode, Wheel
from multirt.matrix.shadows import shadowed_packages
from tests.factories.matrix import MACHINE
from tests.multirt.matrix.test_cells import config

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = ("python", "-m", "pytest")


PACKAGE = {"demo/__init__.py": ""}
CONFTEST = {**PACKAGE, "conftest.py": ""}
BY_OWN_NAME = "start `pytest` by its own name"
MODE = "--import-mode=importlib"


@pytest.mark.parametrize(
    ("files", "command", "who", "advice"),
    [
        pytest.param(PACKAGE, PYTHON, "`python -m pytest` imports demo of", BY_OWN_NAME, id="-m"),
        pytest.param(
            {"demo.py": ""}, PYTHON, "`python -m pytest` imports demo.py", BY_OWN_NAME, id="module"
        ),
        pytest.param(
            CONFTEST, PYTHON, "`python -m pytest` ", f"{BY_OWN_NAME} with {MODE}", id="-m-conftest"
        ),
        pytest.param({"src/demo/__init__.py": ""}, PYTHON, None, "", id="src"),
        pytest.param(PACKAGE, ("python", "-P", "-m", "pytest"), None, "", id="-P"),
        pytest.param(
            PACKAGE, ("python", "-X", "dev", "-m", "pytest"), "`python -m", BY_OWN_NAME, id="-X"
        ),
        pytest.param(
            PACKAGE, ("python", "-m", "unittest"), "`python -m unittest`", "", id="unittest"
        ),
        pytest.param(PACKAGE, ("python", "-c", "import demo"), "`python -c`", "", id="-c"),
        pytest.param(PACKAGE, ("python", "./check.py"), "`python ./check.py`", "", id="script"),
        pytest.param(PACKAGE, ("python", "tests/check.py"), None, "", id="script-of-the-tests"),
        pytest.param(PACKAGE, ("coverage", "run", "-m", "pytest"), "`coverage run`", "", id="cov"),
        pytest.param(
            PACKAGE,
            ("python", "-m", "coverage", "run", "tests/check.py"),
            None,
            "",
            id="coverage-of-a-script-of-the-tests",
        ),
        pytest.param(PACKAGE, ("pytest",), None, "", id="pytest"),
        pytest.param(
            {**PACKAGE, "tests/__init__.py": ""},
            ("pytest", "-q"),
            "pytest, because of tests/__init__.py, imports demo",
            f"give pytest {MODE}",
            id="tests-are-a-package",
        ),
        pytest.param(
            CONFTEST,
            ("pytest",),
            "pytest, because of conftest.py,",
            f"give pytest {MODE}",
            id="conftest",
        ),
        pytest.param(CONFTEST, ("pytest", "--import-mode=append"), None, "", id="append"),
        pytest.param(
            {**CONFTEST, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '" + MODE + "'\n"},
            ("pytest",),
            None,
            "",
            id="configured",
        ),
        pytest.param(
            {**CONFTEST, "pytest.ini": "[pytest]\n", "setup.cfg": f"[tool:pytest]\naddopts={MODE}"},
            ("pytest",),
            "pytest, because",
            f"give pytest {MODE}",
            id="another-file-configures",
        ),
    ],
)
def test_a_command_that_imports_the_folder_instead_of_the_wheel_is_noted_with_what_helps(
    wheel: Wheel, files: dict[str, str], command: tuple[str, ...], who: str | None, advice: str
) -> None:
    root = wheel.path.parents[1]
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    cells = [replace(each, commands=(command,)) for each in expand(config("3.12"), MACHINE).cells]
    notes = shadowed_packages(root, [wheel], cells)
    assert len(notes) == (who is not None)
    for note in notes:
        assert note.startswith(who or "")
        assert note.endswith(f", or {advice}" if advice else "move it into src")
    skipped = [replace(each, package=InstallMode.SKIP) for each in cells]
    assert shadowed_packages(root, [wheel], skipped) == ()


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    """Return a wheel that holds nothing but its name, in a folder of the project."""
    path = tmp_path / "dist" / "demo-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with ZipFile(path, "w") as file:
        file.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr("demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n")
        file.writestr("demo-1.0.dist-info/RECORD", "")
    return Wheel(path=path, sha256="", artifact=read_wheel(path), modules=("demo",), built_on=None)
