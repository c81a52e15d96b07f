"""A cached search is used while it is true, and only then."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.runtimes.conftest import ME, make_script
from tests.runtimes.test_probe_cache import FAKE, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runtimes import Discovery
    from tests.runtimes.conftest import Machine


@pytest.fixture
def known(machine: Machine) -> Path:
    """A machine whose search is cached whole; return the note."""
    home = machine.home
    machine.add("python3.8", FAKE.format(minor=8))
    machine.add("python3.12", "#!/usr/bin/python3\nprint()\n")
    for minor in (9, 10):
        make_script(home / str(minor) / "python3", FAKE.format(minor=minor))
    (home / "links").mkdir()
    (home / "links" / "python3").symlink_to("../9/python3")
    (machine.folder / "python3").symlink_to(home / "links" / "python3")
    environment = home / "env"
    packages = environment / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    shutil.copy(ME, environment / "bin" / "python3.11")
    (environment / "pyvenv.cfg").write_text(f"home = {ME.parent}\n")
    named = f"{machine.folder}{os.pathsep}{environment}"
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": named}
    machine.search = replace(machine.search, env=env)
    settle(machine)
    machine.look()
    settle(machine)
    before = set(_notes(machine))
    machine.look()
    (note,) = set(_notes(machine)) - before
    return note


def _notes(machine: Machine) -> list[Path]:
    return list((machine.home / "cache" / "runtimes").iterdir())


def _found(report: Discovery) -> tuple[object, ...]:
    return (report.runtimes, report.rejected, report.environments)


def test_it_says_what_was_found(machine: Machine, known: Path) -> None:
    assert known.exists()
    again = machine.look()
    assert _found(again) == _found(machine.look(cache_dir=None))
    assert all(each.cached for each in again.inquiries)
    assert again.inquiries == machine.reports[1].inquiries


def test_it_is_used(machine: Machine, known: Path) -> None:
    known.write_text(known.read_text().replace('"version":"3.8.0"', '"version":"3.7.0"'))
    assert "3.7.0" in [str(each.version) for each in machine.look().runtimes]


def test_who_wants_to_know_is_reported_the_same(machine: Machine, known: Path) -> None:
    assert known.exists()
    shown: list[list[str]] = [[], []]
    machine.look(notice=shown[0].append)
    known.unlink()
    machine.look(notice=shown[1].append)
    assert set(shown[0]) == set(shown[1])


def _in_place(machine: Machine) -> None:
    file = machine.folder / "python3.8"
    before = file.stat()
    file.write_text(FAKE.format(minor=7))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _added(machine: Machine) -> None:
    machine.add("python3.7", FAKE.format(minor=7))


def _gone(machine: Machine) -> None:
    (machine.folder / "python3.8").unlink()


def _not_executable(machine: Machine) -> None:
    (machine.folder / "python3.8").chmod(0o644)


def _link_turned(machine: Machine) -> None:
    link = machine.home / "links" / "python3"
    link.unlink()
    link.symlink_to("../10/python3")


def _environment_around(machine: Machine) -> None:
    (machine.home / "pyvenv.cfg").write_text(f"home = {ME.parent}\n")


def _environment_no_more(machine: Machine) -> None:
    (machine.home / "env" / "pyvenv.cfg").unlink()


def _another_base(machine: Machine) -> None:
    (machine.home / "env" / "pyvenv.cfg").write_text("home = /nowhere\n")


def _overlay(machine: Machine) -> None:
    packages = machine.home / "env" / "lib" / "python3.11" / "site-packages"
    (packages / "cinderx-1.0.dist-info").mkdir()


def _overlay_in_a_new_folder(machine: Machine) -> None:
    packages = machine.home / "env" / "lib" / "python3.12" / "site-packages"
    (packages / "cinderx-1.0.dist-info").mkdir(parents=True)


def _script_becomes_a_runtime(machine: Machine) -> None:
    (machine.folder / "python3.12").write_text(FAKE.format(minor=12))


def _refreshed(machine: Machine) -> None:
    """Another process asked again, and what it was told was another thing."""
    for note in _notes(machine):
        if not note.name.startswith("search-"):
            note.write_text(note.read_text().replace("[3,8,0,", "[3,6,0,"))


@pytest.mark.parametrize(
    "change",
    [
        _in_place,
        _added,
        _gone,
        _not_executable,
        _link_turned,
        _environment_around,
        _environment_no_more,
        _another_base,
        _overlay,
        _overlay_in_a_new_folder,
        _script_becomes_a_runtime,
    ],
)
def test_a_change_shows(machine: Machine, known: Path, change: Callable[[Machine], None]) -> None:
    before = machine.look()
    assert known.exists()
    change(machine)
    after = machine.look()
    assert _found(after) == _found(machine.look(cache_dir=None))
    assert _found(after) != _found(before)


def test_an_answer_that_was_asked_again_shows(machine: Machine, known: Path) -> None:
    assert known.exists()
    _refreshed(machine)
    assert "3.6.0" in [str(each.version) for each in machine.look().runtimes]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"found":{', '"found":[{', id="no JSON"),
        pytest.param('"runtimes":[', '"runtimes":[7, ', id="no runtime"),
        pytest.param('"stdlib":[', '"library":[', id="a field without its name"),
        pytest.param('"version":"3.8.0"', '"version":"new"', id="no version"),
        pytest.param('"witnesses":{', '"witnesses":{"/":4, ', id="no witness"),
        pytest.param('"noticed":[', '"noticed":7, "x":[', id="nothing noticed"),
    ],
)
def test_a_damaged_note_is_ignored(machine: Machine, known: Path, old: str, new: str) -> None:
    text = known.read_text()
    assert old in text
    known.write_text(text.replace(old, new))
    assert _found(machine.look()) == _found(machine.look(cache_dir=None))


def test_a_failure_is_not_cached_with_the_rest(machine: Machine) -> None:
    machine.add("python3.8", FAKE.format(minor=8))
    machine.add("python3.9", "#!/bin/sh\nexec sleep 60\n")
    settle(machine)
    for _ in range(3):
        machine.look(timeout=0.5)
        settle(machine)
    assert len(_notes(machine)) == 2  # what each of the two answered, or did not


def test_there_are_never_many_searches(machine: Machine, known: Path) -> None:
    for number in range(25):
        named = f"{machine.search.env['MULTIRT_SEARCH_PATH']}{os.pathsep}/nowhere/{number}"
        machine.look(env={**machine.search.env, "MULTIRT_SEARCH_PATH": named})
    assert known.exists() is False
    assert len([each for each in _notes(machine) if each.name.startswith("search-")]) == 20
