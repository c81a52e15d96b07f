"""virtualenv, tox, hatch, nox and uv themselves, with what multirt gives them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Require

    Tool = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.real

_SAY = (
    "import sys; print('RAN %d.%d' % sys.version_info[:2], sys.implementation.name,"
    " hasattr(sys, 'gettotalrefcount'), 'free-threading' in sys.version)"
)
RUNTIMES = [
    pytest.param("3.8", "RAN 3.8 cpython False False", id="3.8"),
    pytest.param("3.11d", "RAN 3.11 cpython True False", id="debug"),
    pytest.param("3.13t", "RAN 3.13 cpython False True", id="free-threaded"),
    pytest.param("pypy3.11", "RAN 3.11 pypy False False", id="pypy"),
]


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of caches that all tests share, because asking all runtimes takes seconds."""
    return {
        name: str(tmp_path_factory.mktemp("caches"))
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "UV_CACHE_DIR")
    }


@pytest.fixture
def tool(tmp_path: Path, caches: dict[str, str]) -> Tool:
    """Return what starts a tool of this environment where PATH holds no Python."""

    def start(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {
            "HOME": os.environ.get("HOME", "/"),
            "PATH": str(tmp_path),
            "MULTIRT_SEARCH_PATH": os.environ.get("MULTIRT_SEARCH_PATH", ""),
            **caches,
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=env,
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    return start


@pytest.mark.parametrize(("name", "says"), RUNTIMES)
def test_virtualenv_makes_an_environment_of_every_kind_of_runtime(
    name: str, says: str, tool: Tool, require: Require, tmp_path: Path
) -> None:
    require(name)
    made = tool("virtualenv", "--discovery", "multirt", "-p", name, "--no-seed", "made")
    assert made.returncode == 0, made.stderr
    command = [str(tmp_path / "made" / "bin" / "python"), "-c", _SAY]
    assert (
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == says
    )


def test_virtualenv_names_the_nearest_runtimes_where_none_fits(
    tool: Tool, require: Require
) -> None:
    require("3.13")
    made = tool("virtualenv", "--discovery", "multirt", "-p", "3.99", "made")
    assert made.returncode == 1
    (line,) = made.stderr.splitlines() or made.stdout.splitlines()
    assert line.startswith("RuntimeError: failed to find interpreter for 3.99")
    assert "nearest: cpython-3." in line


@pytest.mark.parametrize(
    ("variables", "fine"),
    [
        pytest.param({"MULTIRT_PROBE_TIMEOUT": "soon"}, False, id="bad-setting"),
        pytest.param({"MULTIRT_SEARCH_PATH": "", "HOME": "/nonexistent"}, True, id="home-is-gone"),
        pytest.param({}, True, id="damaged-cache"),
    ],
)
def test_a_plugin_never_breaks_its_host(
    variables: dict[str, str], tool: Tool, require: Require, tmp_path: Path, *, fine: bool
) -> None:
    require("system")
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), **variables}
    tool("multirt", "list", **own)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file() and not variables:
            path.write_bytes(b"\0damaged")
    command = ("virtualenv", "--discovery", "multirt", "-p", "python3", "--no-seed", "made")
    made = tool(*command, **own)
    assert (made.returncode == 0) is fine, made.stderr
    if not fine:
        (line,) = (made.stderr + made.stdout).strip().splitlines()
        assert "multirt cannot look for runtimes" in line


_TOX = """
env_list = ["pypy3.11", "3.13t", "debug", "3.99"]
[env_run_base]
skip_install = true
skip_missing_interpreters = true
commands = [["python", "-c", '''%s''']]
[env.debug]
base_python = ["3.11d"]
"""


def test_tox_finds_runtimes_with_a_path_that_holds_none(
    tool: Tool, require: Require, tmp_path: Path
) -> None:
    for name in ("3.11d", "3.13t", "pypy3.11"):
        require(name)
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    done = tool("tox", "-q", VIRTUALENV_DISCOVERY="multirt")
    printed = set(re.findall(r"^RAN .*", done.stdout, flags=re.MULTILINE))
    assert printed == {text for each in RUNTIMES[1:] for text in each.values[1:]}, done.stdout
    assert re.search(r"^  3\.99: SKIP", done.stdout, flags=re.MULTILINE), done.stdout


@pytest.mark.network
def test_tox_finds_what_only_an_older_virtualenv_serves(
    tool: Tool, require: Require, tmp_path: Path
) -> None:
    require("3.8")
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    done = tool("tox", "-q", "-e", "py38", VIRTUALENV_DISCOVERY="multirt")
    assert "RAN 3.8 cpython False False" in done.stdout, done.stdout + done.stderr


def test_tox_says_in_a_line_that_multirt_cannot_look(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    done = tool(
        "tox", "-q", "-e", "3.99", VIRTUALENV_DISCOVERY="multirt", MULTIRT_PROBE_TIMEOUT="soon"
    )
    (line,) = [each for each in done.stderr.splitlines() if "multirt" in each]
    assert line.startswith("multirt cannot look for runtimes: ")


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        pytest.param(("virtualenv", "--discovery", "multirt", "-p", "3.11", "made"), 1, id="asked"),
        pytest.param(("virtualenv", "-p", sys.executable, "--no-seed", "made"), 0, id="not-asked"),
        pytest.param(("tox", "-q", "-e", "3.99"), 1, id="tox"),
        pytest.param(("hatch", "env", "show", "--json"), 1, id="hatch"),
    ],
)
def test_a_multirt_that_cannot_start_is_reported_in_a_line(
    tool: Tool, tmp_path: Path, command: tuple[str, ...], lines: int
) -> None:
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(_HATCH % ("other", "3.13t"), encoding="utf-8")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "msgspec.py").write_text("raise ImportError('damaged')\n", encoding="utf-8")
    variables = {"VIRTUALENV_DISCOVERY": "multirt"} if command[0] == "tox" else {}
    done = tool(*command, PYTHONPATH=str(broken), **variables)
    printed = [each for each in (done.stderr + done.stdout).splitlines() if "damaged" in each]
    assert [each.removeprefix("RuntimeError: ") for each in printed] == [
        "multirt cannot look for runtimes: damaged"
    ] * lines
    assert "Traceback" not in done.stderr + done.stdout
    assert (done.returncode == 0) is (command[0] == "hatch" or not lines)


def test_tox_without_the_variable_is_as_before(
    tool: Tool, require: Require, tmp_path: Path
) -> None:
    require("3.13t")
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    done = tool("tox", "-q", "-e", "3.13t", PYENV_ROOT=str(tmp_path))
    assert "RAN" not in done.stdout


_HATCH = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "demo"
version = "1"
[tool.hatch.env.collectors.multirt]
[tool.hatch.envs.%s]
python = "%s"
skip-install = true
"""


@pytest.mark.network
@pytest.mark.parametrize(("name", "says"), RUNTIMES[1:])
def test_hatch_takes_the_interpreters_of_multirt(
    name: str, says: str, tool: Tool, require: Require, tmp_path: Path
) -> None:
    require(name)
    (tmp_path / "pyproject.toml").write_text(_HATCH % ("other", name), encoding="utf-8")
    done = tool("hatch", "env", "run", "-e", "other", "--", "python", "-c", _SAY)
    assert says in done.stdout, done.stdout + done.stderr


def test_uv_finds_what_the_search_path_lists(tool: Tool, require: Require) -> None:
    require("3.13t")
    listed = tool("multirt", "list", "--format", "search-path", "3.13t").stdout.strip()
    found = tool(
        "uv", "python", "find", "3.13t", "--no-python-downloads", UV_PYTHON_SEARCH_PATH=listed
    )
    assert Path(found.stdout.strip()).parent == Path(listed.partition(os.pathsep)[0]), found.stderr


def test_tox_discovers_what_the_executables_list(
    tool: Tool, require: Require, tmp_path: Path
) -> None:
    require("pypy3.11")
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    listed = tool("multirt", "list", "--format", "executables", "pypy").stdout.split()
    done = tool("tox", "-q", "-e", "pypy3.11", "--discover", *listed)
    assert "RAN 3.11 pypy" in done.stdout, done.stdout + done.stderr


_NOX = f"""
import nox

@nox.session(python="3.13t", venv_backend="virtualenv")
def tests(session):
    session.run("python", "-c", {_SAY!r})
"""


def test_nox_finds_what_the_search_path_lists(tool: Tool, require: Require, tmp_path: Path) -> None:
    require("3.13t")
    (tmp_path / "noxfile.py").write_text(_NOX, encoding="utf-8")
    listed = tool("multirt", "list", "--format", "search-path").stdout.strip()
    tools = str(Path(sys.executable).parent)  # nox starts virtualenv by its name
    done = tool("nox", PATH=os.pathsep.join((listed, tools)))
    assert "RAN 3.13 cpython False True" in done.stdout, done.stdout + done.stderr


@pytest.mark.network
@pytest.mark.parametrize(
    ("section", "runs"),
    [("virtualenv", 1), ("tox", 4), ("nox", 1), ("uv", 1)],
    ids=str,
)
def test_the_commands_of_the_page_run_as_they_are_printed(
    section: str, runs: int, require: Require, tmp_path: Path, caches: dict[str, str]
) -> None:
    for name in ("3.8", "3.11d", "3.13t", "pypy3.11"):
        require(name)
    page = Path(__file__).parents[2] / "docs" / "how-to" / "other-tools.md"
    _, text = page.read_text(encoding="utf-8").split(f"\n## {section}\n")
    printed = re.findall(r"^\$ (.*)", text.partition("\n## ")[0], flags=re.MULTILINE)
    commands = [each for each in printed if not each.startswith("pip install")]
    (tmp_path / "tox.toml").write_text(_TOX % _SAY, encoding="utf-8")
    (tmp_path / "noxfile.py").write_text(_NOX, encoding="utf-8")
    lines = ["set -e", *commands, f'[ ! -e .venv ] || .venv/bin/python -c "{_SAY}"']
    tools = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        env={**os.environ, **caches, "PATH": tools},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^RAN ", done.stdout, flags=re.MULTILINE)) == runs, done.stdout


@pytest.mark.parametrize("option", ["--json", "--all"])
def test_a_list_for_tools_has_one_shape(option: str, tool: Tool) -> None:
    done = tool("multirt", "list", "--format", "executables", option)
    assert done.returncode == 2
