"""Which command a word names, and how it is started."""

from __future__ import annotations

import shutil
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Command


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the packages of the environment `.venv`, where a program will look for them."""
    venv.create(tmp_path / ".venv", with_pip=False)
    return next((tmp_path / ".venv").glob("lib/*/site-packages"))


def _entry_point(site: Path, name: str) -> None:
    (site / f"{name}_module.py").write_text(f"def main(): print('command {name}')\n")
    info = site / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "RECORD").write_text(f"{name}_module.py,,\n")
    (info / "entry_points.txt").write_text(f"[console_scripts]\n{name} = {name}_module:main\n")


def _script(site: Path, name: str, content: bytes, *, record: str = "../../../bin/") -> Path:
    info = site / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "RECORD").write_text(f"{record}{name},,\n")
    file = Path(site, record, name).resolve()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("startable", [False, True])
def test_a_command_of_the_environment_comes_before_a_folder_of_its_name(
    multirt: Command, tmp_path: Path, site: Path, *, startable: bool
) -> None:
    _entry_point(site, "tool")
    (tmp_path / "tool").mkdir()
    if startable:
        (tmp_path / "tool/__main__.py").write_text("print('folder')\n")
    assert multirt("run", "tool").stdout == "command tool\n"
    if startable:
        assert multirt("run", "./tool").stdout == "folder\n"


def test_a_command_that_appears_is_noticed(multirt: Command, tmp_path: Path, site: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool/__main__.py").write_text("print('folder')\n")
    assert multirt("run", "tool").stdout == "folder\n"
    assert multirt("run", "tool").stdout == "folder\n"
    _entry_point(site, "tool")
    assert multirt("run", "tool").stdout == "command tool\n"
    shutil.rmtree(site / "tool-1.dist-info")
    assert multirt("run", "tool").stdout == "folder\n"


def test_an_environment_that_appears_is_noticed(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool/__main__.py").write_text("print('folder')\n")
    assert multirt("run", "tool").stdout == "folder\n"
    venv.create(tmp_path / ".venv", with_pip=False)
    _entry_point(next((tmp_path / ".venv").glob("lib/*/site-packages")), "tool")
    assert multirt("run", "tool").stdout == "command tool\n"


def test_a_folder_that_is_no_program_and_no_command_is_reported(
    multirt: Command, tmp_path: Path
) -> None:
    (tmp_path / "tool").mkdir()
    done = multirt("run", "tool")
    assert done.returncode == 2
    assert "is a folder without a __main__.py" in done.stderr


@pytest.mark.parametrize("name", ["python", "python3"])
def test_python_is_the_interpreter_whatever_lies_here(
    multirt: Command, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__main__.py").write_text("print('folder')\n")
    assert multirt("run", name, "-V").stdout.startswith("Python 3")


@pytest.mark.parametrize(
    ("content", "printed"),
    [
        pytest.param(
            b"#!/any/python -I\nimport sys; print(sys.flags.isolated)", "1\n", id="Python"
        ),
        pytest.param(b"#!/bin/sh\necho $1\n", "x\n", id="shell"),
        pytest.param(
            b"#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\nimport this_one\n",
            "this one\n",
            id="trampoline",
        ),
    ],
)
def test_a_script_of_a_distribution_is_a_command(
    multirt: Command, site: Path, content: bytes, printed: str
) -> None:
    (site / "this_one.py").write_text("print('this one')\n")
    _script(site, "tool", content)
    done = multirt("run", "tool", "x")
    assert (done.stdout, done.returncode) == (printed, 0)


def test_a_binary_of_a_distribution_is_a_command(multirt: Command, site: Path) -> None:
    _script(site, "tool", Path("/bin/echo").read_bytes())
    assert multirt("run", "tool", "x").stdout == "x\n"


def test_what_a_script_of_a_distribution_imports_decides(multirt: Command, site: Path) -> None:
    _script(site, "tool", b"#!/any/python\nimport absent_everywhere\n")
    done = multirt("run", "tool")
    assert done.returncode == 127
    assert "absent_everywhere" in done.stderr


def test_pip_install_target_moves_scripts(multirt: Command, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    _script(target, "tool", b"#!/any/python\nprint('moved')\n", record="../../bin/")
    (target / "bin").mkdir()
    (tmp_path.parent / "bin/tool").rename(target / "bin/tool")
    assert multirt("run", "--site", "target", "tool").stdout == "moved\n"
