"""Starts in folders where another tool pins a Python."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require

PROGRAM = "import sys; print('%d.%d' % sys.version_info[:2])\n"
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """Return a program that prints the version of its runtime."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/tool.py").write_text(PROGRAM)
    return tmp_path / "inner/tool.py"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(".python-version", "3.9", id="pyenv"),
        pytest.param(".python-versions", "3.9\n3.8\n", id="uv"),
        pytest.param("mise.toml", "[tools]\npython = '3.9'\n", id="mise"),
        pytest.param(".tool-versions", "python 3.9\n", id="asdf"),
    ],
)
def test_a_pin_chooses_the_runtime_and_its_end_is_noticed(
    multirt: Command, tool: Path, require: Require, name: str, text: str
) -> None:
    require("3.9")
    before = multirt("run", str(tool)).stdout
    pin = tool.parents[1] / name
    pin.write_text(text)
    for _ in range(2):  # decided, then by a plan
        assert multirt("run", str(tool)).stdout == "3.9\n"
    assert multirt("run", "--no-project", str(tool)).stdout == before
    pin.unlink()
    assert multirt("run", str(tool)).stdout == before


def test_the_nearest_pin_counts(multirt: Command, tool: Path, require: Require) -> None:
    require("3.9")
    (tool.parents[1] / ".python-version").write_text("3.1\n")
    (tool.parent / ".tool-versions").write_text("python 3.9\n")
    assert multirt("run", str(tool)).stdout == "3.9\n"


def test_the_global_pin_of_uv_counts_last(multirt: Command, tool: Path, require: Require) -> None:
    require("3.9")
    folder = tool.parent / "config"
    (folder / "uv").mkdir(parents=True)
    (folder / "uv/.python-version").write_text("3.9\n")
    home = {"XDG_CONFIG_HOME": str(folder)}
    assert multirt("run", str(tool), **home).stdout == "3.9\n"
    assert multirt("run", "--no-config", str(tool), **home).stdout != "3.9\n"
    (tool.parent / ".python-version").write_text(HERE)
    assert multirt("run", str(tool), **home).stdout == f"{HERE}\n"


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        pytest.param(".python-version", "3.2.99\n", "3.2.99", id="a version that is absent"),
        pytest.param("mise.toml", "[tools]\npython = '3.2'\n", "3.2", id="mise"),
        pytest.param(".tool-versions", "python ref:main\n", "ref:main", id="a branch"),
        pytest.param("mise.toml", "[tools", "invalid TOML", id="no TOML"),
    ],
)
def test_a_pin_that_names_nothing_here_is_passed_over(
    multirt: Command, tool: Path, name: str, text: str, part: str
) -> None:
    (tool.parent / name).write_text(text)
    done = multirt("run", str(tool))
    assert (done.returncode, done.stdout[:2]) == (0, "3.")
    (line,) = done.stderr.splitlines()
    assert part in line


@pytest.mark.parametrize("part", ["3.2.99", "./gone/python"])
def test_a_runtime_that_the_user_typed_and_is_not_here_is_an_error_that_names_it(
    multirt: Command, tool: Path, quick_machine: dict[str, str], part: str
) -> None:
    done = multirt("run", "--python", part, str(tool), **quick_machine)
    assert (done.returncode, part in done.stderr) == (127, True), done.stderr


def environment(home: Path, text: str) -> Path:
    """Make an environment with a module `dep` of this text."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (root,) = home.glob("lib/*/site-packages")
    (root / "dep.py").write_text(f"name = {text!r}\n")
    return home


def test_the_last_environment_in_python_envs_counts(multirt: Command, tool: Path) -> None:
    tool.write_text("import dep; print(dep.name)\n")
    one = environment(tool.parents[1] / "envs/one", "one")
    environment(tool.parents[1] / "envs/two", "two")
    file = tool.parents[1] / ".python-envs"
    for content, output in (
        (f"envs/two\n{one}\n", "one"),
        (f"{one}\nenvs/two\n", "two"),
        (f"{one}\nenvs/gone\n\n", "one"),
    ):
        file.write_text(content)
        for _ in range(2):  # decided, then by a plan
            assert multirt("run", str(tool)).stdout == f"{output}\n"
    environment(tool.parents[1] / ".venv", "venv")
    assert multirt("run", str(tool)).stdout == "venv\n"


@pytest.mark.parametrize("content", [b"\xff\n", b"", b"\0\n", b"x" * 100_000, b"/dev/null\n.\n"])
def test_a_file_python_envs_without_environments_counts_for_nothing(
    multirt: Command, tool: Path, content: bytes
) -> None:
    (tool.parent / ".python-envs").write_bytes(content)
    done = multirt("run", str(tool))
    assert (done.returncode, done.stderr) == (0, "")
