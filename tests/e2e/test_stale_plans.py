"""After any change to what a decision rests on, the next start decides again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Require

COMMAND = Path(sys.executable).with_name("multirt")
_OLD = 0.05  # seconds; what is younger than 20 ms is racy, and then no plan is written


@dataclass(kw_only=True, slots=True)
class World:
    """A home of its own with two runtimes, a project and a folder of packages.

    Attributes:
        root: where all of it is.
        script: what is started.
        env: the environment of starts.
        options: ahead of the script.
    """

    root: Path
    script: Path
    env: dict[str, str]
    options: list[str]

    def start(self) -> tuple[str, str]:
        """Start the script; return what it printed, and how: by a `plan`, or `decided` again."""
        done = subprocess.run(
            [COMMAND, "run", *self.options, self.script],
            check=False,
            capture_output=True,
            cwd=self.root / "elsewhere",
            env=self.env,
            text=True,
            timeout=120,
        )
        assert "no plan is written" not in done.stderr, done.stderr
        decided = "wrote plan" in done.stderr or done.returncode != 0
        return done.stdout.strip() or done.stderr, "decided" if decided else "plan"

    def settle(self) -> str:
        """Start it until a plan does; return what it printed then."""
        _age()
        self.start()
        printed, how = self.start()
        assert how == "plan", printed
        return printed


def _age() -> None:
    # The one wait: the clock of the file system has to move on, as it does between a person's acts.
    time.sleep(_OLD)


@pytest.fixture
def world(tmp_path: Path, require: Require, cache: Path) -> World:
    """Make the home; the cache of answers is shared, for asking takes seconds."""
    for name in ("project", "elsewhere", "site", "path", "runtimes/old/bin"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(cache / "runtimes", tmp_path / "cache" / "runtimes", dirs_exist_ok=True) if (
        cache / "runtimes"
    ).is_dir() else None
    (tmp_path / "runtimes/old/bin/python3.9").symlink_to(require("3.9"))
    script = tmp_path / "project" / "tool.py"
    script.write_text("import sys, helper\nprint(helper.NAME, '%d.%d' % sys.version_info[:2])\n")
    (tmp_path / "project" / "helper.py").write_text("NAME = 'one'\n")
    kept = {name: os.environ[name] for name in ("ASAN_OPTIONS", "LANG") if name in os.environ}
    return World(
        root=tmp_path,
        script=script,
        env={
            **kept,
            "HOME": str(tmp_path),
            "PATH": str(tmp_path / "path"),
            "MULTIRT_SEARCH_PATH": str(tmp_path / "runtimes"),
            "MULTIRT_CACHE_DIR": str(tmp_path / "cache"),
            "MULTIRT_LOG": "debug",
        },
        options=["--python", ">=3.9,<3.11", "--python", "3.12"],
    )


def _install(world: World, require: Require) -> None:
    folder = world.root / "runtimes" / "new" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3.10").symlink_to(require("3.10"))


def test_a_runtime_that_comes_and_goes(world: World, require: Require) -> None:
    assert world.settle() == "one 3.9"
    _install(world, require)
    assert world.start() == ("one 3.10", "decided")
    assert world.settle() == "one 3.10"
    shutil.rmtree(world.root / "runtimes" / "new")
    assert world.start() == ("one 3.9", "decided")


def test_a_runtime_that_comes_to_path(world: World, require: Require) -> None:
    assert world.settle() == "one 3.9"
    (world.root / "path" / "python3.10").symlink_to(require("3.10"))
    assert world.start() == ("one 3.10", "decided")


def test_path_changed(world: World, require: Require) -> None:
    other = world.root / "other"
    other.mkdir()
    (other / "python3.10").symlink_to(require("3.10"))
    assert world.settle() == "one 3.9"
    world.env["PATH"] += f":{other}"
    assert world.start() == ("one 3.10", "decided")


def _swap_runtime(world: World, require: Require) -> None:
    link = world.root / "runtimes/old/bin/python3.9"
    status = link.lstat()
    link.unlink()
    link.symlink_to(require("3.10"))
    os.utime(link, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
    folder = link.parent
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))


def _append(path: str, text: str) -> Callable[[World], object]:
    def change(world: World) -> None:
        with (world.root / path).open("a") as stream:
            stream.write(text)

    return change


def _write(path: str, text: str) -> Callable[[World], object]:
    def change(world: World) -> None:
        (world.root / path).parent.mkdir(parents=True, exist_ok=True)
        (world.root / path).write_text(text)

    return change


def _set(name: str, value: str) -> Callable[[World], object]:
    return lambda world: world.env.update({name: value.replace("{root}", str(world.root))})


CHANGES = [
    pytest.param(_append("project/tool.py", "\n"), "one 3.9", id="script edited"),
    pytest.param(
        _write("project/helper.py", "NAME = 'second'\n"), "second 3.9", id="module edited"
    ),
    pytest.param(
        _write("project/helper/__init__.py", "NAME = 'three'\n"), "three 3.9", id="module shadowed"
    ),
    pytest.param(_append("project/helper.py", "import nowhere\n"), "imports nowhere", id="missing"),
    pytest.param(_write("project/sys.py", ""), "one 3.9", id="standard library shadowed"),
    pytest.param(
        _write("project/pyproject.toml", "[project]\nname = 'p'\n"), "one 3.9", id="pyproject.toml"
    ),
    pytest.param(_write("pyproject.toml", "[tool.multirt]\n"), "one 3.9", id="one further up"),
    pytest.param(_write("project/multirt.toml", ""), "one 3.9", id="multirt.toml"),
    pytest.param(_write("elsewhere/.tool-versions", "python 3.9\n"), "one 3.9", id="tool versions"),
    pytest.param(_set("PYTHONPATH", "{root}"), "one 3.9", id="PYTHONPATH"),
    pytest.param(_set("MULTIRT_PYTHON", "3.9"), "one 3.9", id="MULTIRT_PYTHON"),
    pytest.param(_set("PYENV_ROOT", "{root}"), "one 3.9", id="a manager's root"),
    pytest.param(_set("MULTIRT_CONFIG", "{root}/c.toml"), "one 3.9", id="its own file"),
    pytest.param(_set("XDG_CONFIG_HOME", "{root}"), "one 3.9", id="settings elsewhere"),
    pytest.param(
        _write("runtimes/old/pyvenv.cfg", "home = /nowhere\n"), "one 3.9", id="now an environment"
    ),
    pytest.param(_set("LD_LIBRARY_PATH", "{root}"), "one 3.9", id="libraries"),
    pytest.param(
        lambda world: (world.root / ".pyenv" / "versions" / "3.10").mkdir(parents=True),
        "one 3.9",
        id="a manager appeared",
    ),
]


@pytest.mark.parametrize(("change", "printed"), CHANGES)
def test_what_changed(world: World, change: Callable[[World], object], printed: str) -> None:
    assert world.settle() == "one 3.9"
    _age()
    change(world)
    output, how = world.start()
    assert how == "decided"
    assert printed in output


def test_a_link_swapped_with_equal_times(world: World, require: Require) -> None:
    assert world.settle() == "one 3.9"
    _swap_runtime(world, require)
    assert world.start() == ("one 3.10", "decided")


def test_an_environment_that_appears(world: World, require: Require) -> None:
    world.options = []
    assert world.settle() != "one 3.9"
    home = world.root / "project" / ".venv"
    subprocess.run([require("3.9"), "-m", "venv", "--without-pip", home], check=True)
    assert world.start() == ("one 3.9", "decided")
    assert world.settle() == "one 3.9"
    shutil.rmtree(world.root / "project" / ".venv")
    assert world.start()[1] == "decided"


def test_a_pin_that_is_edited(world: World, require: Require) -> None:
    _install(world, require)
    world.options = []
    assert world.settle() not in {"one 3.9", "one 3.10"}
    pin = world.root / "project" / ".python-version"
    for version in ("3.9", "3.10"):
        pin.write_text(f"{version}\n")
        assert world.start() == (f"one {version}", "decided")
        assert world.settle() == f"one {version}"


def test_packages_that_change(world: World, require: Require) -> None:
    require("3.10")
    _install(world, require)
    info = world.root / "site" / "gadget-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: gadget\nVersion: 1.0\n"
    for name, text in {
        "METADATA": metadata,
        "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "RECORD": "gadget.py,,\n",
    }.items():
        _write(f"site/gadget-1.0.dist-info/{name}", text)(world)
    _write("site/gadget.py", "NAME = 'gadget'\n")(world)
    world.script.write_text("import sys, gadget; print(gadget.NAME, sys.version_info[1])\n")
    world.options = ["--site", str(world.root / "site"), *world.options]
    assert world.settle() == "gadget 10"
    (info / "METADATA").write_text(metadata + "Requires-Python: <3.10\n")
    assert world.start() == ("gadget 9", "decided")
    assert world.settle() == "gadget 9"
    info.rename(info.with_name("gadget-2.0.dist-info"))
    assert world.start() == ("gadget 9", "decided")
    _age()
    (world.root / "site" / "extra.pth").write_text("import os\n")
    assert world.start()[1] == "decided"


def _permit(world: World, require: Require) -> None:
    _install(world, require)
    (world.root / "runtimes/new/bin/python3.10").unlink()
    (world.root / "runtimes/new/bin/python3.10").write_text(
        f'#!/bin/sh\nexec {require("3.10")} "$@"\n'
    )


def test_a_file_that_may_be_executed_now(world: World, require: Require) -> None:
    _permit(world, require)
    assert world.settle() == "one 3.9"
    (world.root / "runtimes/new/bin/python3.10").chmod(0o755)
    assert world.start() == ("one 3.10", "decided")


def test_a_link_that_leads_somewhere_now(world: World, require: Require) -> None:
    _install(world, require)
    (world.root / "runtimes/new/bin/python3.10").unlink()
    (world.root / "runtimes/new/bin/python3.10").symlink_to(world.root / "far")
    assert world.settle() == "one 3.9"
    (world.root / "far").symlink_to(require("3.10"))
    assert world.start() == ("one 3.10", "decided")


def test_an_alternative_that_is_turned(world: World, require: Require) -> None:
    """As `python3` leads to a runtime by `/etc/alternatives`, outside of every searched folder."""
    _install(world, require)
    world.options = []
    (world.root / "project/pyproject.toml").write_text("[tool.multirt]\nprefer = 'active'\n")
    (world.root / "alternative").symlink_to(require("3.9"))
    (world.root / "path/python3").symlink_to(world.root / "alternative")
    assert world.settle() == "one 3.9"
    (world.root / "next").symlink_to(require("3.10"))
    (world.root / "next").rename(world.root / "alternative")
    assert world.start() == ("one 3.10", "decided")


def test_past_a_candidate_that_fails_a_plan_is_good_for_a_minute(
    world: World, require: Require
) -> None:
    _permit(world, require)
    candidate = world.root / "runtimes/new/bin/python3.10"
    candidate.write_text("#!/bin/sh\nexit 1\n")
    candidate.chmod(0o755)
    assert world.settle() == "one 3.9"
    (plan,) = (world.root / "cache" / "plans").iterdir()
    assert b"\0D" in plan.read_bytes()
    candidate.unlink()
    candidate.symlink_to(require("3.10"))
    assert world.start() == ("one 3.10", "decided")


@pytest.mark.network
def test_an_environment_that_gets_what_a_script_lists(world: World, require: Require) -> None:
    world.options = []
    world.script.write_text(
        "# /// script\n# dependencies = ['six']\n# ///\n"
        "import six\nprint('project' in six.__file__)\n"
    )
    home = world.root / "project" / ".venv"
    subprocess.run([require("3.9"), "-m", "venv", "--without-pip", home], check=True)
    # It makes the environment, perhaps so lately for some folder that it leaves no plan.
    subprocess.run([COMMAND, "run", world.script], check=True, cwd=world.root, env=world.env)
    assert world.settle() == "False"
    site = "project/.venv/lib/python3.9/site-packages"
    _write(f"{site}/six.py", "")(world)
    metadata = "Metadata-Version: 2.1\nName: six\nVersion: 1.17\n"
    _write(f"{site}/six-1.17.dist-info/METADATA", metadata)(world)
    assert world.start() == ("True", "decided")


def test_a_folder_of_releases_that_share_files(world: World, require: Require) -> None:
    _install(world, require)
    releases = world.root / "releases"
    shutil.copytree(world.root / "project", releases / "1", copy_function=os.link)
    shutil.copytree(world.root / "project", releases / "2", copy_function=os.link)
    (releases / "2/.python-version").write_text("3.9\n")
    (releases / "1/.python-version").write_text("3.10\n")
    (world.root / "current").symlink_to("releases/1")
    world.script, world.options = world.root / "current/tool.py", []
    assert world.settle() == "one 3.10"
    (world.root / "next").symlink_to("releases/2")
    (world.root / "next").rename(world.root / "current")
    assert world.start() == ("one 3.9", "decided")


def test_a_pin_beside_a_script_that_was_started_there(world: World) -> None:
    world.options = []
    _age()
    for _ in range(2):
        subprocess.run([COMMAND, world.script], check=True, env=world.env, cwd=world.script.parent)
    (world.root / "project/.python-version").write_text("3.9\n")
    assert world.start() == ("one 3.9", "decided")


def test_a_runtime_named_from_the_current_folder(world: World, require: Require) -> None:
    for folder, version in (("elsewhere", "3.9"), ("site", "3.10")):
        (world.root / folder / "python").symlink_to(require(version))
    world.options = []
    world.env["MULTIRT_PYTHON"] = "./python"
    assert world.settle() == "one 3.9"
    (world.root / "elsewhere").rename(world.root / "before")
    (world.root / "site").rename(world.root / "elsewhere")
    assert world.start()[0] == "one 3.10"


def test_what_a_program_writes_beside_itself_changes_nothing(world: World) -> None:
    world.settle()
    (world.script.parent / "output.log").write_text("done\n")
    (world.script.parent / "__pycache__").mkdir(exist_ok=True)
    assert world.start() == ("one 3.9", "plan")


def test_one_plan_serves_from_every_folder(world: World) -> None:
    world.settle()
    done = subprocess.run(
        [COMMAND, "run", *world.options, world.script],
        check=True,
        capture_output=True,
        cwd=world.root / "site",
        env=world.env,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("one 3.9\n", "")


def test_two_hundred_starts_at_once_make_one_plan(world: World) -> None:
    world.settle()
    shutil.rmtree(world.root / "cache" / "plans")
    command = [str(COMMAND), "run", *world.options, str(world.script)]
    running: list[subprocess.Popen[str]] = []
    printed = []
    for _ in range(200):
        if len(running) == 20:  # that many at a time; two processors do not hold more
            printed.append(running.pop(0).communicate()[0])
        running.append(
            subprocess.Popen(
                command,
                cwd=world.root,
                env=world.env,
                stderr=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    printed += [each.communicate()[0] for each in running]
    assert set(printed) == {"one 3.9\n"}
    (plan,) = (world.root / "cache" / "plans").iterdir()
    assert plan.read_bytes().endswith(b"\0.\0")
