"""A start asks few candidates and chooses what a full search of real interpreters chooses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.program.model import EntryPoint, ProgramKind
from multirt.selection.decide import decide
from multirt.selection.model import Request
from runtimes import SearchOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    Require = Callable[[str], Path]

_HANGS = "#!/bin/sh\nexec sleep 60\n"
_FAILS = "#!/bin/sh\nexit 3\n"


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[[str], Request]:
    """Return a function that asks for a program on a machine of the links in `bin`."""
    (tmp_path / "bin").mkdir()

    def make(source: str) -> Request:
        tool = tmp_path / "tool.py"
        tool.write_text(source)
        env = {"PATH": "/usr/bin:/bin", "MULTIRT_SEARCH_PATH": str(tmp_path / "bin")}
        search = SearchOptions(
            env=env,
            home=tmp_path,
            cwd=tmp_path,
            cache_dir=tmp_path / "runtimes",
            sources=frozenset({"MULTIRT_SEARCH_PATH"}),
            timeout=2,
        )
        entry = EntryPoint(kind=ProgramKind.SCRIPT, text=str(tool))
        return Request(entry=entry, search=search, cache_dir=tmp_path / "cache")

    return make


def _add(folder: Path, name: str, what: Path | str) -> None:
    file = folder / "bin" / name
    if isinstance(what, Path):
        file.symlink_to(what)
    else:
        file.write_text(what)
        file.chmod(0o755)


@pytest.mark.parametrize(
    ("source", "candidates"),
    [
        pytest.param("print(1)", {"python3.12": "3.12", "python3.9": "3.9"}, id="newest"),
        pytest.param("import asyncore", {"python3.12": "3.12", "python3.9": "3.9"}, id="older"),
        pytest.param("print(1)", {"python3.13": _FAILS, "python3.9": "3.9"}, id="newest is broken"),
        pytest.param("print(1)", {"python3.13": _HANGS, "python3.9": "3.9"}, id="newest hangs"),
        pytest.param("print(1)", {"python3.13": "3.9", "python3.12": "3.12"}, id="a name lies"),
        pytest.param("import tomllib", {"python3.13": "3.9", "python3": "3.12"}, id="plain name"),
        pytest.param("import __pypy__", {"python3.12": "3.12", "pypy": "pypy3.9"}, id="PyPy"),
        pytest.param("print(1)", {"python3.11": "3.11d", "python3.9": "3.9"}, id="debug build"),
        pytest.param("import nowhere", {"python3.12": "3.12", "python3.9": "3.9"}, id="nothing"),
    ],
)
def test_the_lazy_choice_is_the_full_one_on_real_interpreters(
    request_for: Callable[[str], Request],
    require: Require,
    tmp_path: Path,
    source: str,
    candidates: dict[str, str],
) -> None:
    for name, what in candidates.items():
        _add(tmp_path, name, what if what.startswith("#!") else require(what))
    request = request_for(source)
    lazy = decide(request)
    full = decide(replace(request, evaluate_all=True))
    chosen = [
        each.chosen and os.path.realpath(each.chosen.runtime.executable) for each in (lazy, full)
    ]
    assert chosen[0] == chosen[1]
    if lazy.chosen is None:
        assert len(lazy.candidates) == len(full.candidates)


def test_a_candidate_that_hangs_does_not_delay_a_choice_without_it(
    request_for: Callable[[str], Request], require: Require, tmp_path: Path
) -> None:
    _add(tmp_path, "python3.12", require("3.12"))
    shutil.copy("/usr/bin/yes", tmp_path / "bin/python3.8")  # which never ends
    decision = decide(request_for("print(1)"))
    assert decision.chosen is not None
    assert decision.chosen.runtime.version.release[:2] == (3, 12)
    assert [each.name for each in decision.discovery.postponed] == ["python3.8"]


def test_a_candidate_that_disappears_is_not_chosen(
    request_for: Callable[[str], Request], require: Require, tmp_path: Path
) -> None:
    _add(tmp_path, "python3.12", require("3.12"))
    _add(tmp_path, "python3.9", require("3.9"))
    request = request_for("print(1)")
    assert decide(request).chosen is not None
    (tmp_path / "bin/python3.12").unlink()
    chosen = decide(request).chosen
    assert chosen is not None
    assert chosen.runtime.version.release[:2] == (3, 9)
