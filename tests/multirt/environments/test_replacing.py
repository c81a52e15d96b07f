"""A wheel in place of the one before it: what is there afterwards, and who replaced it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from multirt.environments import Wanted, leased, resolve
from tests.multirt.environments.index import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multirt.environments import Store
    from runtimes import Runtime

    Files = Mapping[str, str | bytes]

OLD: Files = {"own/__init__.py": "word = 1\n", "own/data.txt": "old", "own/extra.py": ""}
SHOW = """\
import importlib.metadata, importlib.util, own, pathlib, sys
print(own.word, (pathlib.Path(own.__file__).parent / "data.txt").read_text())
print(importlib.util.find_spec("own.extra") is not None)
print(sorted(each.name for each in importlib.metadata.distribution("own").entry_points))
"""
AS_IT_WAS = ["1 old", "True", "[]"]


class Place:
    """The environment of one project."""

    def __init__(self, runtime: Runtime, store: Store, folder: Path, owner: str = "one") -> None:
        """Begin with nothing installed."""
        self.runtime, self.store, self.folder, self.owner = runtime, store, folder, owner
        self.home, self.wheel = folder, folder

    def put(self, files: Files, **more: str) -> list[str]:
        """Install a wheel, and return what the environment says then."""
        script = more.get("script")
        made = make_wheel(self.folder / "made", "own", "1.0", files=files, script=script)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        self.wheel = self.folder / "wheels" / digest / made.name
        self.wheel.parent.mkdir(parents=True, exist_ok=True)
        made.replace(self.wheel)
        resolution = resolve(self.runtime, Wanted(wheels=(self.wheel,)), self.store)
        with leased(self.runtime, resolution, self.store, self.owner) as lease:
            self.home = lease.built.home
            (self.root,) = lease.built.site_roots
            command = [str(lease.built.python), "-c", SHOW]
            said: str = subprocess.check_output(command, text=True)
        with leased(self.runtime, resolution, self.store, self.owner) as lease:
            assert lease.reused
        return said.splitlines()


@pytest.fixture
def place(here: Runtime, store: Store, tmp_path: Path) -> Place:
    """Return an environment with a wheel in it, whose modules were imported."""
    made = Place(here, store, tmp_path)
    assert made.put(OLD) == AS_IT_WAS
    return made


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({**OLD, "own/__init__.py": "word = 2\n"}, "2 old", id="same-size"),
        pytest.param({**OLD, "own/__init__.py": "word = 22\n"}, "22 old", id="size"),
        pytest.param({**OLD, "own/data.txt": "other"}, "1 other", id="data"),
        pytest.param({**OLD, "own/data.txt": b"x" * (1 << 21)}, f"1 {'x' * (1 << 21)}", id="large"),
    ],
)
def test_contents_that_differ_are_there_and_back_again(
    place: Place, files: Files, said: str
) -> None:
    assert place.put(files) == [said, *AS_IT_WAS[1:]]
    assert place.put(OLD) == AS_IT_WAS


def test_files_that_come_and_go(place: Place) -> None:
    less = {name: content for name, content in OLD.items() if "extra" not in name}
    assert place.put(less) == ["1 old", "False", "[]"]
    assert place.put(OLD) == AS_IT_WAS
    assert place.put(OLD, script="own")[2] == "['own']"
    assert place.put(OLD) == AS_IT_WAS


def test_another_environment_of_the_same_wheel_stays(
    place: Place, here: Runtime, store: Store, tmp_path: Path
) -> None:
    other = Place(here, store, tmp_path, "two")
    other.put(OLD)
    before = (other.root / "own/__init__.py").read_bytes()
    place.put({**OLD, "own/__init__.py": "word = 2\n"})
    assert (other.root / "own/__init__.py").read_bytes() == before


def test_what_is_written_down_is_true(place: Place) -> None:
    place.put({**OLD, "own/__init__.py": "word = 333\n"})
    info = place.root / "own-1.0.dist-info"
    assert json.loads((info / "direct_url.json").read_bytes())["url"] == place.wheel.as_uri()
    record = (info / "RECORD").read_text().splitlines()
    rows = [row for row in csv.reader(record) if row[1]]
    assert {"own/__init__.py", "own-1.0.dist-info/direct_url.json"} <= {row[0] for row in rows}
    for name, digest, size in rows:
        content = (place.root / name).read_bytes()
        hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={hashed}", str(len(content))), name


def test_only_what_differs_is_written(place: Place) -> None:
    same = (place.root / "own/extra.py").stat()
    place.put({**OLD, "own/__init__.py": "word = 2\n"})
    assert (place.root / "own/extra.py").stat().st_ctime_ns == same.st_ctime_ns


def test_a_file_that_somebody_changed_is_put_right(place: Place) -> None:
    data = place.root / "own/data.txt"
    data.unlink()
    data.write_text("bad")
    assert place.put({**OLD, "own/__init__.py": "word = 2\n"})[0] == "2 old"
