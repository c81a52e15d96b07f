"""Builds that begin before anybody asked: taken where they are what is wanted, else ended."""

from __future__ import annotations

import fcntl
import os
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.matrix import speculative_build as ahead
from multirt.storage.cache import write_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BACKEND = """\
import os, pathlib, sys
out, answer, *words = sys.argv[1:]
pathlib.Path(out, "a.whl").write_text(" ".join(words))
pathlib.Path(answer).write_text("null")
print(os.environ["WORD"], os.environ["PATH"].partition(os.pathsep)[0])
"""
WAITS = "import sys\nprint('waits', flush=True)\nsys.stdin = open(sys.argv[3])\nsys.stdin.read()\n"
USER = {"WORD": "said", "PYTHONX": "not handed on", "PATH": os.defpath}
ENV = {"WORD": "said", "PATH": os.defpath}


@pytest.fixture
def call(tmp_path: Path) -> Iterator[ahead.Call]:
    """Return how a small backend is started, in an environment that is whole."""
    home = tmp_path / "home"
    write_note(home / "multirt.json", {})
    write_note(home / "multirt-files.json", {"files": {}, "stamp": 0})
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(sys.executable)
    program = tmp_path / "backend.py"
    program.write_text(BACKEND)
    yield ahead.Call(
        python=home / "bin/python",
        home=home,
        scripts=home / "bin",
        program=program,
        words=("build", "[]"),
    )
    ahead.drop()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Return the room of who builds."""
    place = tmp_path / "room"
    (place / ahead.OUT).mkdir(parents=True)
    return place


def _begin(call: ahead.Call, tmp_path: Path) -> None:
    ahead.keep(tmp_path / "state", call, {"PYTHONX"})
    ahead.begin(tmp_path, tmp_path / "state", "sources", USER)


def test_what_was_begun_is_taken(call: ahead.Call, room: Path, tmp_path: Path) -> None:
    _begin(call, tmp_path)
    ahead.settle()
    done = ahead.taken(call, ENV, "sources", room)
    assert done is not None
    assert done.code == 0
    assert (room / ahead.OUT / "a.whl").read_text() == "build []"
    assert (room / ahead.ANSWER).read_text() == "null"
    assert ahead.said(room) == f"said {call.scripts}\n"
    assert ahead.taken(call, ENV, "sources", room) is None


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("build", ENV, "edited since"), id="sources"),
        pytest.param(("build", {**ENV, "CFLAGS": "-O0"}, "sources"), id="variables"),
        pytest.param(("other", ENV, "sources"), id="backend"),
    ],
)
def test_what_is_not_the_same_is_not_taken(
    call: ahead.Call, room: Path, tmp_path: Path, asked: tuple[str, dict[str, str], str]
) -> None:
    _begin(call, tmp_path)
    word, env, sources = asked
    assert ahead.taken(replace(call, words=(word, "[]")), env, sources, room) is None
    assert [*room.rglob("*.whl")] == []


def test_nothing_begins_while_another_builds(call: ahead.Call, room: Path, tmp_path: Path) -> None:
    ahead.keep(tmp_path / "state", call, ())
    with (tmp_path / "state" / ahead.LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _begin(call, tmp_path)
    assert ahead.taken(call, ENV, "sources", room) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda note: note.unlink(), id="none"),
        pytest.param(lambda note: note.write_text('{"schema": 1}'), id="cut"),
        pytest.param(lambda note: note.write_text('{"schema": 1, "paths": 5}'), id="another"),
        pytest.param(lambda note: note.write_text("[" * 9999), id="no-json"),
    ],
)
def test_a_damaged_note_begins_nothing(
    call: ahead.Call, room: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    ahead.keep(tmp_path / "state", call, {"PYTHONX"})
    damage(tmp_path / "state/backend.json")
    ahead.begin(tmp_path, tmp_path / "state", "sources", USER)
    assert ahead.taken(call, ENV, "sources", room) is None


def test_a_damaged_environment_begins_nothing(call: ahead.Call, room: Path, tmp_path: Path) -> None:
    write_note(call.home / "multirt-files.json", {"files": {".": ["gone.py"]}, "stamp": 0})
    _begin(call, tmp_path)
    assert ahead.taken(call, ENV, "sources", room) is None


def test_what_nobody_wants_is_ended_and_leaves_nothing(
    call: ahead.Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = tmp_path / "tmp"
    rooms.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(rooms))
    os.mkfifo(tmp_path / "never")
    call.program.write_text(WAITS)
    _begin(replace(call, words=(str(tmp_path / "never"),)), tmp_path)
    assert len([*rooms.iterdir()]) == 1
    ahead.drop()
    assert [*rooms.iterdir()] == []
    with (tmp_path / "state" / ahead.LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
