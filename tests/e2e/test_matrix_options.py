"""Whole runs of what is configured less often: other packages, locks, excuses, coverage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from multirt.environments import EnvironmentStore, run_uv
from tests.factories.projects import native, pure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require, RequireHeaders
    from tests.e2e.conftest import Matrix

pytestmark = pytest.mark.network
# Each task asserts what its environment holds; `spare` is in the sources, not in the sdist.
TASKS = """\
lock = "pylock.toml"
deps = ["iniconfig"]
commands = [["python", "-c", "{found} == '2.0.0'; import demo"]]
[tool.multirt.matrix.tasks.editable]
runtimes = ["3.12"]
package = "editable"
extras = ["more"]
commands = [["python", "-c", "import iniconfig, demo.spare as s; assert 'src' in s.__file__"]]
[tool.multirt.matrix.tasks.deps]
runtimes = ["3.12"]
package = "deps-only"
commands = [["python", "-c", "import sortedcontainers; {absent}('demo') is None"]]
[tool.multirt.matrix.tasks.sdist]
runtimes = ["3.12"]
package = "sdist-wheel"
commands = [["python", "-c", "import demo; {absent}('demo.spare') is None"]]
[tool.multirt.matrix.tasks.extra]
runtimes = ["3.12"]
package = "wheel"
extras = ["more"]
deps = []
commands = [["python", "-c", "{found} == '2.1.0'; import demo"]]
[tool.multirt.matrix.tasks.bare]
runtimes = ["3.12"]
package = "skip"
commands = [["python", "-c", "{absent}('demo') is None"]]
[project.optional-dependencies]
more = ["iniconfig==2.1.0"]
[tool.hatch.build.targets.sdist]
exclude = ["spare.py"]
"""
OLD = "import sys, demo\n\ndef test_new():\n    assert demo.is_new(), 'too old'\n"
SOURCE = """\
import sys

def is_new():
    if sys.version_info < (3, 9):
        return False
    return True
"""
FILLS = """\
import os, tempfile, pytest

def test_fills_the_disk():
    with tempfile.NamedTemporaryFile(delete=False) as file:
        while True:
            file.write(b"x" * 65536)
"""


def test_every_way_of_getting_the_project_in(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    found = "import importlib.metadata as m; assert m.version('iniconfig')"
    absent = "import importlib.util as i; assert i.find_spec"
    more = TASKS.replace("{found}", found).replace("{absent}", absent)
    root = pure(tmp_path, "3.12", dependencies=("sortedcontainers",), more=more)
    text = (root / "pyproject.toml").read_text().replace('groups = ["test"]\n', "")
    (root / "pyproject.toml").write_text(text)
    (root / "src/demo/spare.py").touch()
    command = ["pip", "compile", "-", "--format", "pylock.toml", "--quiet", "--no-header"]
    lock = run_uv(
        EnvironmentStore(tmp_path, os.environ), command, text="iniconfig==2.0.0\nsortedcontainers\n"
    )
    (root / "pylock.toml").write_text(lock)
    names = ("editable", "deps", "sdist", "extra", "bare")
    done, cells = matrix(root, "3.12", *names)
    states = {name: each["state"] for name, each in cells.items()}
    assert states == dict.fromkeys(("3.12", *names), "passed"), done.stdout + done.stderr
    assert done.returncode == 0
    assert cells["3.12"]["installed"]["iniconfig"] == "2.0.0"


def test_excuses_coverage_and_the_first_trouble(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    for name in ("3.8", "3.12"):
        require(name)
    root = pure(tmp_path, "3.8", "3.12", tests=OLD, more='allow-fail = ["3.8"]')
    (root / "src/demo/__init__.py").write_text(SOURCE)
    done, cells = matrix(root, "--cov", "-j", "1", "-x", "--html", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["state"] for each in cells.values()] == ["failed", "passed"]
    assert "(allowed to fail)" in done.stdout
    assert "TOTAL 5 0 100%" in done.stdout  # neither of them alone runs every line
    assert (root / ".coverage").is_file()
    assert "too old" in (tmp_path / "page.html").read_text()

    (root / "pyproject.toml").write_text(
        (root / "pyproject.toml").read_text().replace('allow-fail = ["3.8"]', "")
    )
    done, cells = matrix(root, "-x", "-j", "1")
    assert done.returncode == 1
    assert [each["state"] for each in cells.values()] == ["failed", "not run"]


def test_a_runtime_gets_a_wheel_of_its_own_beside_one_for_the_stable_abi(
    matrix: Matrix, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    for name in ("3.12", "3.13t"):
        require_headers(name)
    more = 'build-runtime = "3.12"\nown-wheel = ["3.13t"]'
    root = native(tmp_path, "3.12", "3.13t", tag="cp37", more=more)
    setup = (root / "setup.py").read_text()
    given = "import sysconfig\nabi3 = not sysconfig.get_config_var('Py_GIL_DISABLED')"
    macros = '[("Py_LIMITED_API", "0x03070000")]'
    setup = setup.replace("abi3 = True", given).replace(macros, f"{macros} if abi3 else []")
    (root / "setup.py").write_text(setup)
    done, cells = matrix(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert cells["3.12"]["wheel"] != cells["3.13t"]["wheel"]
    assert "cp313-cp313t" in done.stdout


def test_a_pure_wheel_of_one_runtime_is_not_for_those_that_compile(
    matrix: Matrix, require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> None:
    for name in ("3.8", "3.12"):
        require_headers(name)
    require("3.9")
    command = 'commands = [["python", "-c", "import native"]]'
    root = native(tmp_path, "3.8", "3.9", "3.12")
    project = (root / "pyproject.toml").read_text().partition("commands")[0] + command
    (root / "pyproject.toml").write_text(project)
    setup = (root / "setup.py").read_text()
    chosen = "ext_modules=sys.version_info[:2] != (3, 9) and ["
    setup = "import sys\n" + setup.replace("ext_modules=[", chosen)
    (root / "setup.py").write_text(setup)
    done, cells = matrix(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [tag in done.stdout for tag in ("cp312-cp312", "cp38-cp38", "py3-none-any")] == [
        True
    ] * 3
    assert len({each["wheel"] for each in cells.values()}) == 3


def test_a_wheel_without_the_extension_that_its_tag_speaks_of_is_noted(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    root = native(tmp_path, "3.12", tag="cp37", body="#error")
    setup = (root / "setup.py").read_text()
    (root / "setup.py").write_text(setup.replace("py_limited_api=abi3", "optional=True"))
    done, _ = matrix(root)
    assert "is tagged for an ABI and holds no extension" in done.stdout


def test_a_test_that_fills_the_disk_fails_and_leaves_it_empty(
    require: Require, tmp_path: Path, cache: Path
) -> None:
    require("3.12")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["unshare", "--user", "--mount", "--map-root-user", "sh", "-ec"]
    mount = 'mount -t tmpfs -o size=4m none "$TMPDIR"; '
    env = {**os.environ, "TMPDIR": str(disk), "MULTIRT_CACHE_DIR": str(cache)}
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            [*mounted, mount], check=False, env=env, stderr=subprocess.DEVNULL
        ).returncode
    ):
        pytest.skip("no file systems can be mounted here")
    root = pure(tmp_path, "3.12", tests=FILLS)
    run = f'{mount} "$0" -m multirt matrix --project "$1"; code=$?; ls -A "$TMPDIR"; exit $code'
    prepared = [sys.executable, "-m", "multirt", "matrix", "sync", "--project", str(root)]
    subprocess.run(prepared, check=True, env={**env, "TMPDIR": str(tmp_path)})
    done = subprocess.run(
        [*mounted, run.replace("; code=$?", " || code=$?"), sys.executable, str(root)],
        check=False,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1, done.stdout
    assert "No space left on device" in done.stdout
    assert done.stdout.rstrip().endswith("exit code 1")  # the disk is empty: `ls` lists nothing
