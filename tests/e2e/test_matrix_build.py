"""What a build backend is given, and how often it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.projects import pure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require
    from tests.e2e.conftest import Matrix

LEGACY = "setuptools.build_meta:__legacy__"
SETUP = """\
import iniconfig, sys
from setuptools import setup
sys.modules["iniconfig"].touched = getattr(iniconfig, "touched", 0) + 1
assert iniconfig.touched == 1, "the hooks share a process"
setup(name="demo", version="1.0", packages=["demo"], package_dir={"": "src"})
"""
OWN = """\
from setuptools.build_meta import *
from setuptools.build_meta import build_wheel
def get_requires_for_build_wheel(config_settings=None):
    return ["iniconfig"]
"""


@pytest.mark.network
@pytest.mark.parametrize(
    "system",
    [
        pytest.param('requires = ["setuptools", "iniconfig"]', id="kept"),
        pytest.param(
            'requires = ["setuptools"]\nbuild-backend = "own"\nbackend-path = ["."]',
            id="own-backend",
        ),
    ],
)
def test_a_backend_gets_what_it_requires_each_time(
    matrix: Matrix, require: Require, tmp_path: Path, system: str
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", more='commands = [["python", "-c", "import demo; demo.VALUE"]]')
    (root / "setup.py").write_text(SETUP)
    (root / "own.py").write_text(OWN)
    file = root / "pyproject.toml"
    before = 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"'
    file.write_text(file.read_text().replace(before, system).replace('["test"]', "[]"))
    for value in (1, 2):
        (root / "src/demo/__init__.py").write_text(f"VALUE = {value}\n")
        done, _ = matrix(root)
        assert done.returncode == 0, done.stdout + done.stderr


ASKS = """\
from setuptools import setup
import sys
if "egg_info" not in sys.argv:
    import iniconfig
setup(name="demo", version="1.0", packages=["demo"], package_dir={"": "src"},
      setup_requires=["iniconfig"])
"""


@pytest.mark.network
def test_what_a_backend_asks_for_only_then_is_installed_for_it(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    root = pure(tmp_path, "3.12", more='commands = [["python", "-c", "import demo"]]')
    (root / "setup.py").write_text(ASKS)
    (root / "pyproject.toml").write_text(
        '[tool.multirt.matrix]\nruntimes = ["3.12"]\ndeps = []\n'
        'commands = [["python", "-c", "import demo"]]\n'
    )
    for value in (1, 2):
        (root / "src/demo/__init__.py").write_text(f"VALUE = {value}\n")
        done, _ = matrix(root)
        assert done.returncode == 0, done.stdout + done.stderr


COUNTS = """\
import sys
from setuptools import setup
if "bdist_wheel" in sys.argv:
    with open({log!r}, "a") as log:
        log.write("built ")
setup(name="demo", version="1.0", packages=["demo"], package_dir={{"": "src"}})
"""


@pytest.mark.network
def test_an_edit_starts_the_backend_once(matrix: Matrix, require: Require, tmp_path: Path) -> None:
    require("3.12")
    command = 'commands = [["python", "-c", "import demo; print(demo.VALUE)"]]'
    root = pure(tmp_path, "3.12", more=command)
    (root / "setup.py").write_text(COUNTS.format(log=str(tmp_path / "log")))
    text = (root / "pyproject.toml").read_text()
    text = text.replace('"hatchling"', '"setuptools"').replace('"hatchling.build"', f'"{LEGACY}"')
    (root / "pyproject.toml").write_text(text.replace('["test"]', "[]"))
    for value in (1, 2, 3):
        (root / "src/demo/__init__.py").write_text(f"VALUE = {value}\n")
        done, _ = matrix(root, "--live")
        assert f" {value}\n" in done.stdout, done.stdout + done.stderr
        assert (tmp_path / "log").read_text() == "built " * value
