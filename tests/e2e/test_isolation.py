"""The command starts, and does the same, whatever is set for the user's own Python programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
STARTS = {
    "launcher": [str(BIN / "multirt")],
    "entry point": [str(BIN / "multirt-python")],
    "module": [sys.executable, "-m", "multirt"],
}
MODULES = ("json", "typing", "signal", "contextlib", "pathlib", "dataclasses", "packaging", "typer")
# Those that Python itself obeys before any of our code can run; only a launcher can help.
EARLY: tuple[str, ...] = ("PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE", "PYTHONVERBOSE")
EARLY += ("__PYVENV_LAUNCHER__",)
VARIABLES = {
    "PYTHONHOME": "/nowhere",
    "PYTHONPLATLIBDIR": "nowhere",
    "PYTHONEXECUTABLE": "/nowhere/python",
    "__PYVENV_LAUNCHER__": "/nowhere/python",
    "PYTHONPATH": "traps",
    "PYTHONSTARTUP": "traps/json.py",
    "PYTHONINSPECT": "1",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONWARNINGS": "error",
    "PYTHONVERBOSE": "1",
    "PYTHONDEVMODE": "1",
    "PYTHON_GIL": "0",
}


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder of modules that end whoever imports them."""
    return _set(tmp_path / "traps", MODULES)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder where the command starts; `python -m` itself would import more from it."""
    return _set(tmp_path / "here", ("json", "typing"))


def _set(folder: Path, modules: Iterable[str]) -> Path:
    folder.mkdir()
    for name in modules:
        (folder / f"{name}.py").write_text(f"raise SystemExit('trapped by {name}')\n")
    return folder


def start(
    how: str | Path, *arguments: str, cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "MULTIRT_SEARCH_PATH") if name in os.environ
    }
    return subprocess.run(
        [*(STARTS[how] if isinstance(how, str) else (how, "-m", "multirt")), *arguments],
        check=False,
        capture_output=True,
        cwd=cwd,
        env={**kept, "HOME": str(cwd), "MULTIRT_CACHE_DIR": "/some/where", **variables},
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize("name", VARIABLES)
def test_no_variable_of_python_reaches_it(how: str, name: str, traps: Path, here: Path) -> None:
    if how != "launcher" and name in EARLY:
        pytest.skip("Python itself obeys it before it runs anything")
    # Before `-m` finds us, Python has imported what it needs for that.
    value = VARIABLES[name].replace("traps", str(here if how == "module" else traps))
    done = start(how, "cache", "dir", cwd=here, **{name: value})
    assert (done.returncode, done.stdout, done.stderr) == (0, "/some/where\n", "")


@pytest.fixture(scope="module")
def uninstalled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an environment that has what multirt depends on, and not multirt."""
    folder = tmp_path_factory.mktemp("uninstalled")
    venv.create(folder, symlinks=True)
    installed = sysconfig.get_path("purelib")  # its own `.pth` files, as of multirt, are not read
    (Path(_purelib(folder)) / "dependencies.pth").write_text(f"{installed}\n")
    python = folder / "bin/python"
    alone = subprocess.run(
        [python, "-c", "import multirt"], check=False, capture_output=True, cwd=folder
    )
    assert b"No module named 'multirt'" in alone.stderr
    return python


def _purelib(folder: Path) -> str:
    return sysconfig.get_path("purelib", "venv", {"base": str(folder)})


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        pytest.param("", "{root}", id="the checkout"),
        pytest.param("", "{root}/", id="with a slash"),
        pytest.param("", "{link}", id="a link"),
        pytest.param("", "{traps}:{root}", id="after other modules"),
        pytest.param("{root}", "", id="the current folder"),
        pytest.param("{root}", "{traps}", id="the current folder and other modules"),
        pytest.param("{root}", ".", id="relative"),
    ],
)
def test_python_m_multirt_starts_from_a_checkout_where_it_is_not_installed(
    uninstalled: Path, tmp_path: Path, folder: str, path: str
) -> None:
    (tmp_path / "link").symlink_to(ROOT)
    _set(tmp_path / "traps", ("rich", "typer"))  # not what Python itself needs for `-m`
    cwd = Path(folder.format(root=ROOT) or tmp_path)
    path = path.format(root=ROOT, link=tmp_path / "link", traps=tmp_path / "traps")
    done = start(uninstalled, "cache", "dir", cwd=cwd, PYTHONPATH=path, PYTHONINSPECT="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "/some/where\n", "")


def test_python_m_multirt_finds_its_dependencies_on_pythonpath(here: Path) -> None:
    path = f"{ROOT}:{sysconfig.get_path('purelib')}"
    done = start(Path(sys.executable).resolve(), "cache", "dir", cwd=here, PYTHONPATH=path)
    assert (done.stdout, done.stderr) == ("/some/where\n", "")


@pytest.mark.parametrize("how", STARTS)
def test_the_program_gets_every_variable(how: str, here: Path, tmp_path: Path) -> None:
    lent = tmp_path / "lent"
    lent.mkdir()
    (lent / "lent.py").write_text("VALUE = 42\n")
    (tmp_path / "show.py").write_text(
        "import lent, os\n"
        "print(lent.VALUE, os.environ['PYTHONSTARTUP'],"
        " [name for name in os.environ if 'HIDDEN' in name])\n"
    )
    given = {"PYTHONPATH": str(lent), "PYTHONSTARTUP": "own", "MULTIRT_CACHE_DIR": str(tmp_path)}
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    arguments = ("run", "--python", this, str(tmp_path / "show.py"))
    first = start(how, *arguments, cwd=here, **given)
    again = start(how, *arguments, cwd=here, **given)
    assert (first.stdout, first.stderr) == ("42 own []\n", "")
    assert again.stdout == first.stdout


# Become the entry point with an interrupt that came before, as the launcher's process could.
_INTERRUPTED = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        pytest.param({"MULTIRT_HELD": "1"}, -signal.SIGINT, id="held by the launcher"),
        pytest.param({}, 0, id="held by somebody else"),
    ],
)
def test_an_interrupt_while_python_starts_ends_it_without_a_word(
    tmp_path: Path, variables: dict[str, str], status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, *STARTS["entry point"], "cache", "dir"],
        check=False,
        capture_output=True,
        env={"HOME": str(tmp_path), **variables},
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (status, "")
