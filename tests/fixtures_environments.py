"""A store with an index of its own, and the runtimes to install for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.environments import EnvironmentStore
from runtimes import base_executable, interrogate
from tests.factories.index import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from runtimes import Runtime
    from tests.conftest import Command, Require


_BLOCK = '# /// script\n# requires-python = "{python}"\n# dependencies = [{needs}]\n# ///\n'


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few distributions: the only ones that a `store` knows."""
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "alpha", "1.0")
    make_wheel(folder, "alpha", "2.0")
    make_wheel(folder, "beta", "1.0", requires=("alpha",), script="beta")
    make_wheel(folder, "gamma", "1.0", requires=("alpha>1; python_version >= '3.8'",))
    make_wheel(folder, "native", "1.0", tag="cp39-cp39-manylinux2014_x86_64")
    make_wheel(folder, "native", "1.0", tag="cp310-cp310-manylinux2014_x86_64")
    for release in ("1.0", "1.2", "2.0"):
        make_wheel(folder, "several", release, tag="cp310-cp310-manylinux2014_x86_64")
    return folder


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uv")


@pytest.fixture
def variables(wheels: Path, uv_cache: Path) -> dict[str, str]:
    """The environment variables of a store that knows nothing but `wheels`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_")) and name != "VIRTUAL_ENV"
    }
    return {
        **kept,
        "UV_CACHE_DIR": str(uv_cache),
        "UV_FIND_LINKS": str(wheels),
        "UV_NO_INDEX": "1",
    }


@pytest.fixture
def store(tmp_path: Path, variables: dict[str, str]) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "store", variables)


@pytest.fixture(scope="session")
def here() -> Runtime:
    """The runtime that the tests run on."""
    executable = base_executable(Path(sys.prefix)) or Path(sys.executable)
    return interrogate(executable, env=dict(os.environ), timeout=60)


@pytest.fixture(scope="session")
def runtime(require: Require) -> Callable[[str], Runtime]:
    """Return the function that gives a runtime of the tests, or ends the test."""

    def find(name: str) -> Runtime:
        return interrogate(require(name), env=dict(os.environ), timeout=60)

    return find


@pytest.fixture
def command(multirt: Command, variables: dict[str, str], here: Runtime, tmp_path: Path) -> Command:
    """Return a function that runs the command with an index, a cache and one runtime."""
    own = {name: value for name, value in variables.items() if name.startswith("UV_")}
    own |= {"MULTIRT_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path), "PYENV_ROOT": ""}
    own |= {"MULTIRT_SEARCH_PATH": str(here.executable), "PATH": "/nowhere"}

    def call(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return multirt(*arguments, **{**own, **more})

    return call


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a script with dependencies."""

    def write(*needs: str, python: str = ">=3.8", code: str = "import alpha\n") -> Path:
        file = tmp_path / "tool.py"
        listed = ", ".join(f'"{each}"' for each in needs)
        file.write_text(_BLOCK.format(python=python, needs=listed) + code, encoding="utf-8")
        return file

    return write
