"""Replacing the local wheel of a kept environment: what is installed afterwards."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from multirt.environments import InstallRequest, locked_environment, resolve
from tests.factories.index import make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multirt.environments import EnvironmentStore
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

    def __init__(
        self, runtime: Runtime, store: EnvironmentStore, folder: Path, owner: str = "one"
    ) -> None:
        """Begin with nothing installed."""
        self.runtime, self.store, self.folder, self.owner = runtime, store, folder, owner
        self.home, self.wheel = folder, folder

    def put(self, files: Files, **more: str) -> list[str]:
        """Install a wheel, and return what the environment says then."""
        script = more.get("script")
        made = make_wheel(
            self.folder / "made", "own", more.get("version", "1.0"), files=files, script=script
        )
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        self.wheel = self.folder / "wheels" / digest / made.name
        self.wheel.parent.mkdir(parents=True, exist_ok=True)
        made.replace(self.wheel)
        resolution = resolve(self.runtime, InstallRequest(wheels=(self.wheel,)), self.store)
        with locked_environment(self.runtime, resolution, self.store, self.owner) as lease:
            self.home = lease.built.home
            (self.root,) = lease.built.site_roots
            command = [str(lease.built.python), "-c", SHOW]
            printed: str = subprocess.check_output(command, text=True)
        with locked_environment(self.runtime, resolution, self.store, self.owner) as lease:
            assert lease.reused
        return printed.splitlines()


@pytest.fixture
def folder(here: Runtime, store: EnvironmentStore, tmp_path: Path) -> Place:
    """Return an environment with a wheel in it, whose modules were imported."""
    made = Place(here, store, tmp_path)
    assert made.put(OLD) == AS_IT_WAS
    return made


@pytest.mark.parametrize(
    ("files", "printed"),
    [
        pytest.param({**OLD, "own/__init__.py": "word = 2\n"}, "2 old", id="same-size"),
        pytest.param({**OLD, "own/__init__.py": "word = 22\n"}, "22 old", id="size"),
        pytest.param({**OLD, "own/data.txt": "other"}, "1 other", id="data"),
        pytest.param({**OLD, "own/data.txt": b"x" * (1 << 21)}, f"1 {'x' * (1 << 21)}", id="large"),
    ],
)
def test_changed_contents_are_installed_and_changed_back(
    folder: Place, files: Files, printed: str
) -> None:
    assert folder.put(files) == [printed, *AS_IT_WAS[1:]]
    assert folder.put(OLD) == AS_IT_WAS


def test_files_and_scripts_are_added_and_removed(folder: Place) -> None:
    less = {name: content for name, content in OLD.items() if "extra" not in name}
    assert folder.put(less) == ["1 old", "False", "[]"]
    assert folder.put(OLD) == AS_IT_WAS
    assert folder.put(OLD, script="own")[2] == "['own']"
    assert folder.put(OLD) == AS_IT_WAS


def test_another_environment_of_the_same_wheel_is_unchanged(
    folder: Place, here: Runtime, store: EnvironmentStore, tmp_path: Path
) -> None:
    other = Place(here, store, tmp_path, "two")
    other.put(OLD)
    before = (other.root / "own/__init__.py").read_bytes()
    folder.put({**OLD, "own/__init__.py": "word = 2\n"})
    assert (other.root / "own/__init__.py").read_bytes() == before


def test_the_origin_names_the_installed_wheel(folder: Place) -> None:
    folder.put({**OLD, "own/__init__.py": "word = 333\n"})
    origin = folder.root / "own-1.0.dist-info/direct_url.json"  # PEP 610
    assert json.loads(origin.read_bytes())["url"] == folder.wheel.as_uri()


def test_a_file_that_was_changed_by_hand_is_replaced(folder: Place) -> None:
    data = folder.root / "own/data.txt"
    data.unlink()
    data.write_text("bad")
    assert folder.put({**OLD, "own/__init__.py": "word = 2\n"})[0] == "2 old"
