"""One folder of packages under many runtimes: what works there, and what nobody writes to it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Make a folder with all that an installer may leave there."""
    folder = tmp_path / "site"
    for name, requires in (("thing", "Requires-Python: >=3.8\n"), ("space-one", "")):
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}"
        (info / "METADATA").write_text(head)
        (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (folder / "thing-1.0.dist-info" / "RECORD").write_text("thing.py,,\njson.py,,\nedit.pth,,\n")
    (folder / "space_one-1.0.dist-info" / "RECORD").write_text("space/one.py,,\n")
    (folder / "thing.py").write_text(
        "from importlib.metadata import version\nV = version('thing')\n"
    )
    (folder / "json.py").write_text("raise SystemExit('a package hides the standard library')\n")
    (folder / "space").mkdir()
    (folder / "space" / "one.py").write_text("VALUE = 1\n")
    (tmp_path / "project" / "src" / "edited").mkdir(parents=True)
    (tmp_path / "project" / "src" / "edited" / "__init__.py").write_text("VALUE = 2\n")
    (folder / "edit.pth").write_text(f"{tmp_path / 'project' / 'src'}\n# a comment\n\n/nowhere\n")
    return folder


_USE = """\
import json, sys, thing, space.one, edited
print(thing.V, space.one.VALUE, edited.VALUE, sys.version_info[:2], json.dumps(1))
names = [entry.rpartition("/")[2] for entry in sys.path]
print(names.index("site") > max(place for place, name in enumerate(names) if "lib-dynload" in name))
"""


@pytest.mark.parametrize("name", ["3.8", "3.9", "3.13", "3.13t", "3.14", "pypy3.9"])
def test_packages_work_under_another_runtime(
    multirt: Command, tmp_path: Path, site: Path, require: Require, name: str
) -> None:
    python = require(name)
    before = sorted(str(each) for each in site.rglob("*"))
    (tmp_path / "use.py").write_text(_USE if "pypy" not in name else _USE.rpartition("names =")[0])
    done = multirt("run", "--python", str(python), "--site", "site", "use.py")
    version = name.removeprefix("pypy").rstrip("t").replace(".", ", ")
    assert done.stderr == ""
    assert done.stdout.startswith(f"1.0 1 2 ({version}) 1\n")
    assert "False" not in done.stdout
    assert sorted(str(each) for each in site.rglob("*")) == before


def test_a_floor_can_be_tried(
    multirt: Command, tmp_path: Path, site: Path, require: Require
) -> None:
    require("3.7")
    assert site.is_dir()
    (tmp_path / "use.py").write_text("import space.one, thing as t; print(t.__name__)\n")
    (site / "thing.py").write_text("")
    refused = multirt("run", "--python", "3.7", "--site", "site", "use.py")
    assert "thing 1.0 requires Python >=3.8" in refused.stderr
    assert refused.returncode == 127
    done = multirt("run", "--python", "3.7", "--try", "--site", "site", "use.py")
    assert done.stdout == "thing\n"


def test_an_objection_is_overruled_by_its_cause(
    multirt: Command, tmp_path: Path, site: Path, require: Require
) -> None:
    require("3.7")
    (site / "thing.py").write_text("")
    (tmp_path / "use.py").write_text("import thing, space.one; print('runs')\n")
    arguments = ("run", "--python", "3.7", "--site", "site")
    assert multirt(*arguments, "--allow", "library", "use.py").returncode == 127
    for cause in ("package-python", "all"):
        assert multirt(*arguments, "--allow", cause, "use.py").stdout == "runs\n"
    done = multirt("explain", "--json", *arguments[1:], "--allow", "package-python", "use.py")
    (row,) = [each for each in json.loads(done.stdout)["candidates"] if each["accepted"]]
    assert any("tried all the same" in each for each in row["warnings"])
    wrong = multirt(*arguments, "--allow", "spec", "use.py")
    assert (wrong.returncode, "invalid --allow: 'spec'" in wrong.stderr) == (2, True)


def test_a_whole_folder_counts_when_asked(
    multirt: Command, tmp_path: Path, site: Path, require: Require
) -> None:
    require("3.7")
    (tmp_path / "use.py").write_text("import space.one\n")
    options = ("-p", "3.7", "--site", "site")
    assert multirt("run", *options, "use.py").returncode == 0
    done = multirt("explain", "--json", *options, "--whole-site", "use.py")
    document = json.loads(done.stdout)
    assert site.is_dir()
    assert document["chosen"] is None


def test_a_console_script_belongs_to_its_environment(
    multirt: Command, tmp_path: Path, require: Require
) -> None:
    home = tmp_path / "home"
    subprocess.run([require("3.9"), "-m", "venv", "--without-pip", home], check=True)
    (tmp_path / "other").mkdir()
    (site,) = home.glob("lib/*/site-packages")
    (site / "thing.py").write_text("")
    script = home / "bin" / "tool"
    script.write_text("#!/usr/bin/env multirt\nimport sys, thing\nprint(sys.prefix)\n")
    (tmp_path / "link").symlink_to(script)
    for part in ("home/bin/tool", "./link"):
        assert multirt("run", part).stdout == f"{home}\n"


@pytest.mark.network
@pytest.mark.parametrize(
    ("requirement", "module", "expected"),
    [
        pytest.param("numpy<1.24", "numpy", "(3, 11)", id="no wheels for newer ones"),
        pytest.param("six==1.16.0", "six", f"({sys.version_info[0]}, ", id="pure"),
    ],
)
def test_a_script_lands_on_the_newest_python_that_has_what_it_needs(  # noqa: PLR0913, PLR0917 - a row of a table
    multirt: Command, tmp_path: Path, require: Require, requirement: str, module: str, expected: str
) -> None:
    require("3.11")
    (tmp_path / "tool.py").write_text(
        f'# /// script\n# dependencies = ["{requirement}"]\n# ///\n'
        f"import sys, {module}\nprint(sys.version_info[:2])\n"
    )
    done = multirt("run", "tool.py")
    assert done.stdout.startswith(expected)
    assert done.stderr == ""
    assert [each.name for each in tmp_path.iterdir()] == ["tool.py"]
