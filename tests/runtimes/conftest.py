"""Candidates to build, and searches over nothing but them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from runtimes import Discovery, Rejection, SearchOptions, discover

ME = Path(os.path.realpath(sys.executable))
"""The interpreter that runs the tests, behind its links and its environment."""


def make_script(path: Path, text: str) -> Path:
    """Write an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def make_wrapper(path: Path, target: Path) -> Path:
    """Write a shell script that starts another program in its place."""
    return make_script(path, f'#!/bin/sh\nexec "{target}" "$@"\n')


@dataclass
class Machine:
    """A machine with nothing on it but what a test puts there.

    Attributes:
        home: the user's home; `folder` is below it.
        folder: the one folder on the search path.
        search: what `look` asks for.
    """

    home: Path
    folder: Path
    search: SearchOptions
    reports: list[Discovery] = field(default_factory=list)

    def add(self, name: str, text: str) -> Path:
        """Put a script into the folder."""
        return make_script(self.folder / name, text)

    def look(self, **changes: object) -> Discovery:
        """Search the folder, and only that."""
        search = replace(self.search, **changes)
        report = discover(search)
        self.reports.append(report)
        return report

    def rejection(self, name: str, **changes: object) -> Rejection:
        """Return why a file of the folder was not used."""
        wanted = self.folder / name
        found = [one for one in self.look(**changes).rejected if one.path == wanted]
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with an empty folder that the search path names."""
    folder = tmp_path / "bin"
    folder.mkdir()
    env = {"PATH": "/usr/bin:/bin", "MULTIRT_SEARCH_PATH": str(folder)}
    return Machine(
        home=tmp_path,
        folder=folder,
        search=SearchOptions(
            env=env,
            home=tmp_path,
            cache_dir=tmp_path / "cache",
            sources=frozenset({"MULTIRT_SEARCH_PATH"}),
        ),
    )
