"""What rules out runtimes: the program's syntax, imports and words, asked of real runtimes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.interpreters import release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Command, Require

V312 = release("3.12")
V39 = release("3.9")


_OLD, _NEW = "3.9", "3.12"


@pytest.fixture
def explain(multirt: Command, require: Require, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that gives the objections of 3.9 and 3.12 to a source."""
    require(_OLD)
    require(_NEW)

    def call(source: str | None, *arguments: str) -> dict[str, Any]:
        if source is not None:
            (tmp_path / "tool.py").write_text(source)
        options = ("--json", "-p", V39, "-p", V312)
        document = json.loads(multirt("explain", *options, *(arguments or ("tool.py",))).stdout)
        return {
            each["runtime"].removeprefix("cpython-"): [
                f"{one['cause']}: {one['detail']}" for one in each["objections"]
            ]
            for each in document["candidates"]
            if not any(one["cause"] == "spec" for one in each["objections"])
        }

    return call


_BACK = "try:\n import tomllib\nexcept ImportError:\n import no_such_thing"
_SELF = "try:\n from typing import Self\nexcept ImportError:\n Self = None"
_ENDS = "import sys\nif sys.version_info < (3, 11):\n sys.exit('too old')"
_CHECKED = "import sys\nif sys.version_info >= (3, 11):\n import tomllib"
_MOVES = "import sys\nsys.path.insert(0, 'x')\nimport no_such_thing"
_PART = "from importlib import metadata, no_such"


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        pytest.param("type X = int", "needs 3.12: tool.py line 1: ", None, id="syntax"),
        pytest.param("import tomllib", "imports tomllib", None, id="added"),
        pytest.param("import asyncore, imp", None, "imports asyncore", id="removed"),
        pytest.param("import asyncio.taskgroups", "asyncio.taskgroups", None, id="submodule"),
        pytest.param("from typing import override", "override from typing", None, id="member"),
        pytest.param("from collections import Callable", None, "Callable from", id="gone member"),
        pytest.param(_PART, "no_such from", "no_such from", id="module as a member"),
        pytest.param("import no_such", "imports no_such", "imports no_such", id="package"),
        pytest.param(_BACK, "line 4 imports no_such_thing", None, id="instead"),
        pytest.param(_SELF, None, None, id="or without"),
        pytest.param(_CHECKED, None, None, id="checked"),
        pytest.param(_ENDS, "tool.py line 2 ends it where", None, id="ends itself"),
        pytest.param("from __future__ import annotations", None, None, id="future"),
        pytest.param(_MOVES, None, None, id="searches elsewhere"),
        pytest.param("import antigravity, this", None, None, id="loud modules are not imported"),
    ],
)
def test_explain_names_the_version_that_a_syntax_needs(
    explain: Callable[..., dict[str, Any]], source: str, old: str | None, new: str | None
) -> None:
    found = explain(source)
    for runtime, expected in ((V39, old), (V312, new)):
        if expected is None:
            assert found[runtime] == []
        else:
            assert expected in found[runtime][0]


def test_files_of_its_own_count_where_they_are_imported(
    explain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("from .newer import x\n")
    (tmp_path / "pack" / "newer.py").write_text("match 1:\n    case x: pass\n")
    (tmp_path / "compat.py").write_text("print 'two'\n")
    found = explain("import sys, pack\nif sys.version_info[0] == 2:\n    import compat\n")
    assert found[V312] == []
    assert found[V39][0].startswith("syntax: needs 3.12: newer.py line 1: ")


def test_an_older_runtime_that_compiles_the_file_is_not_ruled_out_by_syntax(
    multirt: Command, require: Require, tmp_path: Path, quick_machine: dict[str, str]
) -> None:
    for name in ("2.7", "micropython", "3.12"):
        require(name)
    (tmp_path / "tool.py").write_text("print(1)\n")
    document = json.loads(multirt("explain", "--json", "tool.py", **quick_machine).stdout)
    details = {each["runtime"]: each["objections"] for each in document["candidates"]}
    (requested,) = [found for name, found in details.items() if name.startswith("micropython")]
    assert requested[0]["detail"].startswith("micropython")


def test_bytecode_runs_on_one_version(
    explain: Callable[..., dict[str, Any]], tmp_path: Path, require: Require
) -> None:
    (tmp_path / "x.py").write_text("VALUE = 1\n")
    line = "import py_compile; py_compile.compile('x.py', cfile='part.pyc')"
    subprocess.run([require(_NEW), "-c", line], cwd=tmp_path, check=True)
    found = explain("import part\n")
    assert found[V312] == []
    assert found[V39] == ["syntax: needs 3.12: part.pyc: bytecode of another version"]


def test_modules_and_folders_are_judged_too(
    explain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    assert "imports tomllib" in explain(None, "-m", "tomllib")[V39][0]
    assert explain(None, "-m", "asyncio.taskgroups")[V312] == []
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("type X = int\n")
    assert "__main__.py line 1" in explain(None, "app")[V39][0]
    assert "line 1" in explain(None, "-c", "type X = int")[V39][0]


def test_an_unwritable_compile_cache_changes_no_answer(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("from typing import Any\nprint('ran')\n")
    (tmp_path / "file").write_text("")
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    cache = tmp_path / "cache"
    kept = []
    for _ in range(2):
        done = multirt("run", "-p", this, "--isolated", "tool.py", MULTIRT_CACHE_DIR=str(cache))
        assert done.stdout == "ran\n"
        kept.append({file.name: file.read_text() for file in (cache / "answers").iterdir()})
    assert kept[0] == kept[1] != {}
    for file in (cache / "answers").iterdir():
        file.write_text("[1]")
    done = multirt("run", "-p", this, "--isolated", "tool.py", MULTIRT_CACHE_DIR=str(cache))
    assert (done.stdout, done.stderr) == ("ran\n", "")
    done = multirt("run", "-p", this, "tool.py", MULTIRT_CACHE_DIR=str(tmp_path / "file"))
    assert (done.stdout, done.stderr) == ("ran\n", "")


def test_needs_are_met(multirt: Command, tmp_path: Path, require: Require) -> None:
    require("3.13t")
    (tmp_path / "tool.py").write_text(
        '# /// script\n# [tool.multirt]\n# needs = ["free-threading"]\n# ///\n'
        "import sys; print(sys._is_gil_enabled())\n"
    )
    done = multirt("run", "tool.py")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_order_of_preference(multirt: Command, tmp_path: Path, require: Require) -> None:
    require(_OLD)
    require(_NEW)
    (tmp_path / "tool.py").write_text("import sys; print(sys.version_info[:2])\n")
    requested = ("run", "-p", "3.9", "-p", "3.12")
    assert multirt(*requested, "tool.py").stdout == "(3, 9)\n"
    assert multirt("run", "-p", ">=3.9,<3.13", "tool.py").stdout == "(3, 12)\n"
    requested = ("run", "-p", "cpython>=3.9,<3.13", "--prefer", "oldest")
    assert multirt(*requested, "tool.py").stdout == "(3, 9)\n"
    done = multirt("run", "--implementation", "jythn", "tool.py")
    assert done.returncode == 127
    (line,) = (line for line in done.stderr.splitlines() if "jythn was asked for" in line)
    assert "here: CPython " in line


def test_explain_says_what_would_help(
    multirt: Command, tmp_path: Path, require: Require, quick_machine: dict[str, str]
) -> None:
    require(_NEW)
    (tmp_path / "tool.py").write_text("import six\n")
    done = multirt("explain", "-p", _NEW, "tool.py", **quick_machine)
    assert f"multirt run --python cpython-{V312} --with six tool.py" in done.stdout
    assert done.returncode == 127
    (tmp_path / "fine.py").write_text("")
    text = multirt("explain", "fine.py", **quick_machine).stdout
    assert "also fit: " in text
    assert len(text.splitlines()) < 24
    assert "order: asked for > " in multirt("explain", "-v", "fine.py", **quick_machine).stdout


def test_what_no_runtime_compiles_lands_nowhere(
    multirt: Command, tmp_path: Path, require: Require, quick_machine: dict[str, str]
) -> None:
    require("micropython")
    (tmp_path / "tool.py").write_text("def def\n")
    done = multirt("run", "tool.py", **quick_machine)
    assert "tool.py line 1: invalid syntax: `def def`" in done.stderr
    assert done.returncode == 127
    (tmp_path / "tool.py").write_text("print(1)\n")
    assert multirt("run", "--python", "micropython", "tool.py").stdout == "1\n"
