"""Programs of a project whose requirements are locked."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from multirt.environments import find_uv, uv_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command

PROJECT = (
    '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["alpha"]\n'
)


@pytest.fixture(params=["uv.lock", "pylock.toml"])
def locked(
    request: pytest.FixtureRequest, tmp_path: Path, variables: dict[str, str], wheels: Path
) -> Path:
    """Return a program of a project whose lock has an older version than the index."""
    older = tmp_path / "older"
    older.mkdir()
    shutil.copy(next(wheels.glob("alpha-1.0-*.whl")), older)
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "tool.py").write_text("import alpha\nprint(alpha.version)\n")
    env = uv_environment({**variables, "UV_FIND_LINKS": str(older)})
    command = [find_uv(env), "lock", "--quiet"]
    if request.param == "pylock.toml":
        command = [find_uv(env), "pip", "compile", "-q", "pyproject.toml", "-o", "pylock.toml"]
    subprocess.run(command, check=True, cwd=root, env=env)
    return root / "tool.py"


def test_the_lock_of_a_project_counts_for_its_programs(command: Command, locked: Path) -> None:
    for _ in range(2):  # decided, then by a plan
        done = command("run", str(locked))
        assert (done.stdout, done.stderr) == ("1.0\n", "")
    assert command("run", "--no-lock", str(locked)).stdout == "2.0\n"


def test_a_lock_that_is_older_than_the_project_does_not_count(
    command: Command, locked: Path
) -> None:
    later = (locked.parent / "tool.py").stat().st_mtime + 100
    assert command("run", str(locked)).stdout == "1.0\n"
    os.utime(locked.parent / "pyproject.toml", (later, later))
    done = command("run", str(locked))
    assert done.stdout == "2.0\n"
    assert "is older than pyproject.toml" in done.stderr


def test_a_lock_without_what_is_required_is_an_error(command: Command, locked: Path) -> None:
    text = PROJECT.replace('"alpha"', '"alpha>1"')
    project = locked.parent / "pyproject.toml"
    before = project.stat()
    project.write_text(text)
    os.utime(project, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = command("run", str(locked))
    assert (done.returncode, done.stdout) == (2, "")
    assert "out of date" in done.stderr
    assert "--no-lock" in done.stderr
