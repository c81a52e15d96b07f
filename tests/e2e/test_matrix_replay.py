"""Runs that are planned once: they cost little, and never test what is not there any more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.factories.index import make_wheel
from tests.factories.projects import pure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Require
    from tests.e2e.conftest import Matrix

SHOW = """\
import importlib.metadata as m, importlib.util as u, pathlib
import demo
print("value", demo.VALUE)
print("data", (pathlib.Path(demo.__file__).parent / "data.txt").read_text())
print("extra", u.find_spec("demo.extra") is not None)
print("scripts", sorted(each.name for each in m.distribution("demo").entry_points))
print("attrs", u.find_spec("attr") is not None)
"""
BEFORE = {
    "value": "1",
    "data": "first",
    "extra": "True",
    "scripts": "[]",
    "attrs": "False",
}


def _in_place(root: Path) -> None:
    """Edit a module so that its size and its time stay."""
    file = root / "src/demo/__init__.py"
    times = file.stat()
    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _say_more(root: Path, old: str, new: str) -> None:
    file = root / "pyproject.toml"
    file.write_text(file.read_text().replace(old, new))


CHANGES = [
    pytest.param(_in_place, {"value": "2"}, id="size-and-time-kept"),
    pytest.param(
        lambda root: (root / "src/demo/extra.py").unlink(), {"extra": "False"}, id="removed"
    ),
    pytest.param(
        lambda root: (root / "src/demo/data.txt").write_text("second"),
        {"data": "second"},
        id="data",
    ),
    pytest.param(
        lambda root: _say_more(root, "[tool.hatch", '[project.scripts]\nx = "demo:x"\n[tool.hatch'),
        {"scripts": "['x']"},
        id="entry-point",
    ),
    pytest.param(
        lambda root: _say_more(root, "dependencies = []", 'dependencies = ["attrs"]'),
        {"attrs": "True"},
        id="requirement",
    ),
]


@pytest.fixture
def telling(require: Require, tmp_path: Path) -> Path:
    """Return a project that tells what it has."""
    require("3.12")
    more = 'commands = [["python", "-I", "tests/show.py"]]'
    root = pure(tmp_path, "3.12", more=more)
    (root / "tests/show.py").write_text(SHOW)
    (root / "src/demo/extra.py").touch()
    (root / "src/demo/data.txt").write_text("first")
    _say_more(root, 'groups = ["test"]', "groups = []")
    os.utime(root / "src/demo/__init__.py", (1, 1))
    return root


def _printed(matrix: Matrix, root: Path) -> tuple[dict[str, str], bool]:
    """Return what the tests say, and whether they ran without a plan being made."""
    done, cells = matrix(root, "--live")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line.split(maxsplit=2) for line in done.stdout.splitlines())
    printed = {text[1]: text[2] for text in lines if len(text) > 2 and text[0] == "3.12"}
    return {name: printed[name] for name in BEFORE}, cells["3.12"]["setup"] == 0


@pytest.mark.network
@pytest.mark.parametrize(("change", "after"), CHANGES)
def test_what_changed_is_tested(
    matrix: Matrix, telling: Path, change: Callable[[Path], object], after: dict[str, str]
) -> None:
    assert matrix(telling)[0].returncode == 0
    assert _printed(matrix, telling) == (BEFORE, True)
    change(telling)
    assert _printed(matrix, telling) == ({**BEFORE, **after}, False)


@pytest.mark.network
def test_an_environment_that_another_run_changed_is_not_taken(
    matrix: Matrix, telling: Path, cache: Path
) -> None:
    assert matrix(telling)[0].returncode == 0
    module = telling / "src/demo/__init__.py"
    module.write_text("VALUE = 2\n")
    assert matrix(telling, "3.12")[0].returncode == 0  # asked for by name: cached apart
    module.write_text("VALUE = 1\n")
    assert _printed(matrix, telling)[0] == BEFORE
    assert _printed(matrix, telling) == (BEFORE, True)
    for damaged in (cache / "environments").glob("*/lib/python3.12/site-packages/demo/data.txt"):
        damaged.unlink()
    assert _printed(matrix, telling) == (BEFORE, False)


@pytest.mark.network
def test_a_note_that_is_damaged_is_made_again(matrix: Matrix, telling: Path, cache: Path) -> None:
    assert matrix(telling)[0].returncode == 0
    notes = [*(cache / "matrix").glob(f"{telling.name}-*/plans/*.json")]
    assert notes
    for note in notes:
        note.write_text('{"schema": 1, "witnesses": 5}')
    assert _printed(matrix, telling) == (BEFORE, False)
    assert _printed(matrix, telling) == (BEFORE, True)


@pytest.mark.network
def test_cells_that_need_the_same_test_the_same_wheel_in_one_environment(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    more = """\
commands = [["python", "-c", "import demo; print(demo.VALUE)"]]
[tool.multirt.matrix.axes]
x = { "1" = [], "2" = [] }
[tool.multirt.matrix.tasks.bare]
runtimes = ["3.12"]
package = "deps-only"
groups = ["test"]
commands = [["python", "-I", "-c", "import importlib.util as u; assert not u.find_spec('demo')"]]
"""
    root = pure(tmp_path, "3.12", more=more)
    for value in (1, 3):
        (root / "src/demo/__init__.py").write_text(f"VALUE = {value}\n")
        done, cells = matrix(root, "3.12", "bare", "--live")
        assert done.returncode == 0, done.stdout + done.stderr
        assert cells.keys() == {"3.12-x1", "3.12-x2", "bare"}
        assert done.stdout.count(f" {value}\n") == 2


@pytest.mark.network
def test_a_required_file_that_was_replaced_is_installed_again(
    matrix: Matrix, require: Require, tmp_path: Path
) -> None:
    require("3.12")
    files = {"helper.py": "word = 'one'\n"}
    wheel = make_wheel(tmp_path / "wheels", "helper", "1.0", files=files)
    command = 'commands = [["python", "-c", "import helper; print(helper.word)"]]'
    root = pure(tmp_path, "3.12", more=f'{command}\ndeps = ["helper @ {wheel.as_uri()}"]')
    _say_more(root, 'groups = ["test"]', "")
    for part in ("one", "two"):
        make_wheel(tmp_path / "wheels", "helper", "1.0", files={"helper.py": f"word = '{part}'\n"})
        for _ in range(2):
            done, _ = matrix(root, "--live")
            assert f" {part}\n" in done.stdout, done.stdout + done.stderr
