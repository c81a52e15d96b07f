"""The store: what it keeps, and what it says when its file is not what it should be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.experiments.history import History, write_csv, write_pyperf
from multirt.storage import sqlite as database_module
from tests.factories.records import record

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    store = History(path=tmp_path / "new" / "history.sqlite3")
    assert store.records() == ()
    first, second = record(), replace(record(day=1), threads=4, memory=None, checked=False)
    store.append([first])
    store.append([second])
    assert store.records() == (replace(first, number=1), replace(second, number=2))
    assert store.records(program="/somewhere/else.py") == ()
    assert len(store.records(program=first.program, machine="m")) == 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"this is no database at all, but long enough to be read", "not a d", id="t"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 200, "cannot use the history", id="damaged"),
    ],
)
def test_a_corrupt_file_is_reported_and_left_alone(
    tmp_path: Path, content: bytes, text: str
) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(content)
    store = History(path=path)
    with pytest.raises(MultirtError, match=text) as error:
        store.records()
    assert "move it away" in str(error.value.hint)
    with pytest.raises(MultirtError, match=text):
        store.append([record()])
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("rounds", "[]", id="no times"),
        pytest.param("rounds", "[[0]]", id="a time of nothing"),
        pytest.param("rounds", "{", id="no JSON"),
        pytest.param("rounds", "7", id="other JSON"),
        pytest.param("at", "yesterday", id="no date"),
        pytest.param("threads", "many", id="no number"),
    ],
)
def test_rows_that_somebody_else_wrote_are_reported(
    tmp_path: Path, column: str, value: str
) -> None:
    store = History(path=tmp_path / "history.sqlite3")
    store.append([record()])
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute(f"UPDATE runs SET {column} = ?", [value])  # noqa: S608 - a literal above
    with pytest.raises(MultirtError, match="cannot use the history"):
        store.records()


def test_a_newer_file_is_not_touched(tmp_path: Path) -> None:
    store = History(path=tmp_path / "history.sqlite3")
    with closing(sqlite3.connect(store.path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(MultirtError, match="version 99") as error:
        store.append([record()])
    assert "a newer multirt wrote it" in str(error.value.hint)


def test_a_file_that_somebody_just_began_is_empty(tmp_path: Path) -> None:
    store = History(path=tmp_path / "history.sqlite3")
    store.path.write_bytes(b"")
    assert store.records() == ()


def test_a_path_that_is_no_text_is_found_again(tmp_path: Path) -> None:
    store = History(path=tmp_path / "history.sqlite3")
    store.append([replace(record(), program="/tmp/\udcff.py")])  # noqa: S108 - only a name
    assert len(store.records(program="/tmp/\udcff.py")) == 1  # noqa: S108 - only a name


def test_a_locked_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "PATIENCE", 0.01)
    store = History(path=tmp_path / "history.sqlite3")
    store.append([record()])
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MultirtError, match="locked") as error:
            store.append([record()])
    assert error.value.hint == "another program is writing it: try again"
    assert len(store.records()) == 1


def test_csv_has_a_row_for_each_value(tmp_path: Path) -> None:
    write_csv([replace(record(), number=1)], tmp_path / "all.csv")
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0].startswith("run,session,at,program,")
    assert len(lines) == 11
    assert lines[1].startswith("1,s0,2026-11-01T12:00:00+00:00,/somewhere/tool.py,c1,,m,cpython-")
    assert lines[1].endswith(",yes,1,1.0")


def test_an_export_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="cannot write"):
        write_csv([], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(MultirtError, match="cannot write"):
        write_pyperf([("a", "{}")], tmp_path / "file")
