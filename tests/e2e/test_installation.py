"""The command that installers put in place, native and pure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.launch.plan_key import plan_query
from multirt.launch.plan_writer import LaunchCommand, PlanInputs, write_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["native", "pure"])
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel of this tree, with a C compiler and without."""
    if request.param == "native" and shutil.which("cc") is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp(request.param)
    env = {**os.environ, **({"MULTIRT_PURE": "1"} if request.param == "pure" else {})}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, str(folder), str(_ROOT)], check=True, env=env)
    (built,) = folder.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl") == (request.param == "pure")
    return built


@pytest.fixture
def command(wheel: Path, tmp_path: Path) -> Path:
    """Install the wheel into an environment of its own; what it depends on is not needed here."""
    home = tmp_path / "an environment"
    venv.create(home, with_pip=False)
    target = ["--python", str(home), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *target], check=True)
    return home / "bin" / "multirt"


def _run(command: Path, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, "tool.py", "a b"], check=False, capture_output=True, cwd=cwd, env=env, text=True
    )


@pytest.mark.network
def test_the_manual_page_is_installed(command: Path) -> None:
    page = command.parents[1] / "share" / "man" / "man1" / "multirt.1"
    assert page.read_bytes() == (_ROOT / "docs" / "multirt.1").read_bytes()


@pytest.mark.network
def test_the_command_of_a_wheel(
    command: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path / "cache"))
    env = {"MULTIRT_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}
    slow = command.with_name("multirt-python")
    slow.write_text('#!/bin/sh\nprintf "%s\\n" handed "$@"\n')
    assert _run(command, tmp_path, env).stdout == "handed\ntool.py\na b\n"
    question = plan_query([b"tool.py"], os.fsencode(tmp_path), {})
    assert question is not None
    inputs = PlanInputs(since=0, paths=(), variables={})
    write_plan(question, inputs, LaunchCommand(executable="/bin/echo", arguments=("planned",)))
    assert _run(command, tmp_path, env).stdout == "planned a b\n"
    link = tmp_path / "linked"  # as pipx and uv put it on PATH
    link.symlink_to(command)
    assert _run(link, tmp_path, env).stdout == "planned a b\n"
    assert _run(link, tmp_path, {**env, "MULTIRT_DEPTH": "20"}).stdout == "handed\ntool.py\na b\n"
