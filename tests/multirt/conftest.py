"""The command as a user starts it, with a cache and a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def multirt(tmp_path: Path, cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command in `tmp_path` and gives back what came of it."""

    def call(
        *arguments: str, stdin: IO[str] | int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        dropped = ("VIRTUAL_ENV", "MULTIRT_PYTHON", "MULTIRT_DEPTH", "PYTHONPATH")
        env = {name: value for name, value in os.environ.items() if name not in dropped}
        return subprocess.run(
            [sys.executable, "-m", "multirt", *arguments],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            env={**env, "MULTIRT_CACHE_DIR": str(cache), "COLUMNS": "100", **variables},
            stdin=stdin,
            text=True,
            timeout=300,
        )

    return call
