"""`multirt tool`: tools from an index, on a runtime that has wheels for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.factories.index import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from runtimes import Runtime
    from tests.conftest import Command, Require


@pytest.fixture
def index(tmp_path: Path) -> dict[str, str]:
    """Return the variables of an index with two versions of a tool."""
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path / "index", "mytool", version, script="mytool", requires=("other",))
    make_wheel(tmp_path / "index", "other", "3.0", script="another")
    return {"UV_FIND_LINKS": str(tmp_path / "index")}


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        pytest.param(("mytool",), "2.0", id="newest"),
        pytest.param(("mytool@1.0",), "1.0", id="version"),
        pytest.param(("mytool@latest",), "2.0", id="latest"),
        pytest.param(("mytool", "--python", "x", "--with"), "2.0", id="own arguments"),
        pytest.param(("--from", "other==3.0", "another"), "3.0", id="other name"),
        pytest.param(("--from", "mytool@1.0", "mytool"), "1.0", id="version of other name"),
        pytest.param(("--with", "other<4", "mytool"), "2.0", id="with more"),
    ],
)
def test_tool_runs_the_command_of_a_distribution(
    command: Command, index: dict[str, str], arguments: tuple[str, ...], output: str
) -> None:
    done = command("tool", *arguments, **index)
    assert (done.stdout, done.stderr) == (f"{output}\n", "")


def test_tool_ignores_files_folders_and_the_project(
    command: Command, index: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mytool").mkdir()
    (tmp_path / "mytool/__main__.py").write_text("print('here')\n")
    (tmp_path / ".python-version").write_text("3.1\n")
    done = command("tool", "mytool", **index)
    assert done.stdout == "2.0\n", done.stderr


def test_tool_keeps_its_environment(command: Command, index: dict[str, str]) -> None:
    for _ in range(2):
        assert command("tool", "mytool", **index).stdout == "2.0\n"
    listed = command("env", "list").stdout
    assert listed.count("mytool") == 1
    assert command("tool", "--offline", "mytool", **index).stdout == "2.0\n"


def test_latest_asks_the_index_each_time(
    command: Command, index: dict[str, str], tmp_path: Path
) -> None:
    for _ in range(2):
        assert command("tool", "mytool@latest", **index).stdout == "2.0\n"
    make_wheel(tmp_path / "index", "mytool", "3.0", script="mytool")
    assert command("tool", "--offline", "mytool@latest", **index).stdout == "2.0\n"
    assert command("tool", "mytool@latest", **index).stdout == "3.0\n"
    assert command("tool", "mytool", **index).stdout == "3.0\n"


def test_tool_takes_a_runtime_that_has_a_wheel(
    command: Command, tmp_path: Path, here: Runtime, require: Require
) -> None:
    older = require("3.9")
    tag = "cp39-cp39-manylinux2014_x86_64"
    make_wheel(tmp_path / "index", "oldtool", "1.0", script="oldtool", tag=tag)
    index = {"UV_FIND_LINKS": str(tmp_path / "index")}
    index["MULTIRT_SEARCH_PATH"] = os.pathsep.join([str(here.executable), str(older)])
    done = command("tool", "oldtool", **index)
    assert done.stdout == "1.0\n", done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(("mytool@9",), 127, "mytool", id="no such version"),
        pytest.param(("nosuchtool",), 127, "nosuchtool", id="no such name"),
        pytest.param(("my tool@",), 2, "'my tool'", id="no name"),
        pytest.param(("--from", "other", "mytool"), 2, "another", id="no such command"),
        pytest.param((), 2, "TOOL", id="nothing"),
    ],
)
def test_tool_names_what_it_cannot_run(
    command: Command, index: dict[str, str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = command("tool", *arguments, **index)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
