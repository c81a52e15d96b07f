"""Modules that come with a runtime itself, by more than files in its folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Command, Require


@pytest.fixture
def runtime(require: Require, tmp_path: Path) -> Path:
    """Return a runtime of its own, whose folder of packages a test may change."""
    original = require("3.12")
    home = tmp_path / "runtime"
    copy = subprocess.run(["cp", "-al", original.parents[1], home], check=False)
    assert copy.returncode == 0
    python = home / "bin/python3.12"
    python.unlink()
    shutil.copy(original, python)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/by_hook.py").write_text("print('found')\n")
    (tmp_path / "tool.py").write_text("import by_hook\n")
    return python


def _site(runtime: Path) -> Path:
    return runtime.parents[1] / "lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("mine.pth", "{src}\n", id="a folder"),
        pytest.param("mine.pth", "import sys; sys.path.append({src!r})\n", id="code"),
        pytest.param("sitecustomize.py", "import sys; sys.path.append({src!r})\n", id="customized"),
        pytest.param("../sitecustomize.py", "import sys; sys.path.append({src!r})\n", id="Debian"),
    ],
)
def test_a_module_by_way_of_the_runtimes_own_site_is_found(
    multirt: Command, runtime: Path, tmp_path: Path, name: str, content: str
) -> None:
    assert multirt("run", "--python", str(runtime), "tool.py").returncode == 127
    (_site(runtime) / name).write_text(content.format(src=str(tmp_path / "src")))
    assert multirt("run", "--python", str(runtime), "tool.py").stdout == "found\n"


def test_a_hook_that_brings_something_else_proves_nothing(multirt: Command, runtime: Path) -> None:
    (_site(runtime) / "mine.pth").write_text("import sys; sys.path.append('/nowhere')\n")
    done = multirt("run", "--python", str(runtime), "tool.py")
    assert done.returncode == 127
    assert "by_hook" in done.stderr


def test_start_files_count_from_their_version_on(
    multirt: Command, require: Require, tmp_path: Path
) -> None:
    python = require("3.15")
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    (site,) = (tmp_path / "v").glob("lib/*/site-packages")
    (site / "mine.start").write_text("mine_editable:install\n")
    source = f"import sys\ndef install(): sys.path.append({str(tmp_path / 'src')!r})\n"
    (site / "mine_editable.py").write_text(source)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/by_hook.py").write_text("print('found')\n")
    (tmp_path / "tool.py").write_text("import by_hook\n")
    run = ("run", "--python", str(tmp_path / "v/bin/python"), "tool.py")
    assert multirt(*run).stdout == "found\n"
    done = multirt("run", "--python", "3.12", "--site", str(site), "tool.py")
    assert done.returncode == 127


def test_pythonhome_leaves_the_runtime_that_it_belongs_to(
    require: Require, tmp_path: Path, cache: Path
) -> None:
    # `python -m multirt` cannot start by a PYTHONHOME of another version; the command can.
    command = Path(sys.executable).with_name("multirt")
    home = require("3.9").parents[1]
    tool = tmp_path / "tool.py"
    env = {**os.environ, "PYTHONHOME": str(home), "MULTIRT_CACHE_DIR": str(cache)}
    for source, printed, noted in (
        ("import sys; print(sys.version_info[:2])\n", "(3, 9)\n", True),
        ("#!/usr/bin/python3 -E\nprint('ignores it')\n", "ignores it\n", False),
    ):
        tool.write_text(source)
        done = subprocess.run(
            [command, "run", tool], env=env, capture_output=True, text=True, check=False
        )
        assert done.stdout == printed
        assert (f"PYTHONHOME is {home}" in done.stderr) is noted
