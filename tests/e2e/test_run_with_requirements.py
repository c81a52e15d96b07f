"""Starts with packages: what a plan of theirs rests on, and how few words an error takes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.config import CliSettings
from multirt.environments import EnvironmentStore, InstallRequest, resolve
from multirt.environments.pylock import with_absolute_paths
from multirt.program.model import EntryPoint, ProgramKind
from multirt.selection.decide import decide
from multirt.selection.model import Request
from runtimes import RuntimeSpec, SearchOptions
from tests.factories.index import make_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from runtimes import Runtime
    from tests.conftest import Command, Require


_PRINT = "import alpha\nprint(alpha.version)\n"
_DEBUG = {"MULTIRT_LOG": "debug"}


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A script that declares nothing and prints a version."""
    file = tmp_path / "tool.py"
    file.write_text(_PRINT, encoding="utf-8")
    return file


def _planned(ended: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether a plan started a program; without one a plan is written."""
    assert ended.returncode == 0, ended.stderr
    return "wrote plan" not in ended.stderr


def _packages_file(tool: Path) -> tuple[str, ...]:
    (tool.parent / "deep.txt").write_text("alpha<2\n", encoding="utf-8")
    (tool.parent / "packages.txt").write_text("-r deep.txt\nbeta\n", encoding="utf-8")
    return ("--with-requirements", str(tool.parent / "packages.txt"))


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        pytest.param(lambda _: ("--with", "alpha"), "2.0\n", id="requirement"),
        pytest.param(lambda _: ("--with=alpha<2",), "1.0\n", id="with equals"),
        pytest.param(_packages_file, "1.0\n", id="files"),
    ],
)
def test_the_second_start_goes_by_a_plan(
    command: Command, tool: Path, options: Callable[[Path], tuple[str, ...]], printed: str
) -> None:
    arguments = ("run", *options(tool), str(tool))
    first = command(*arguments, **_DEBUG)
    assert (first.stdout, _planned(first)) == (printed, False)
    second = command(*arguments, **_DEBUG)
    assert (second.stdout, _planned(second)) == (printed, True)


def _remove_environments(command: Command, _: Path) -> None:
    assert command("env", "remove", "*").returncode == 0


def _change_a_file_that_is_named(_: Command, tool: Path) -> None:
    (tool.parent / "deep.txt").write_text("alpha>1\n", encoding="utf-8")


def _install_by_hand(command: Command, tool: Path) -> None:
    del command
    (root,) = tool.parent.glob("cache/environments/*/lib/*/site-packages")
    (record,) = root.glob("alpha-*.dist-info/RECORD")
    record.unlink()


@pytest.mark.parametrize(
    ("change", "printed"),
    [
        pytest.param(_remove_environments, "1.0\n", id="environment removed"),
        pytest.param(_change_a_file_that_is_named, "2.0\n", id="nested file changed"),
        pytest.param(_install_by_hand, "1.0\n", id="package removed"),
    ],
)
def test_what_a_plan_with_packages_rests_on(
    command: Command, tool: Path, change: Callable[[Command, Path], None], printed: str
) -> None:
    arguments = ("run", *_packages_file(tool), str(tool))
    assert command(*arguments).stdout == "1.0\n"
    assert _planned(command(*arguments, **_DEBUG))
    change(command, tool)
    after = command(*arguments, **_DEBUG)
    assert (after.stdout, _planned(after)) == (printed, False)


def test_packages_that_come_beside_a_folder_are_witnesses_too(
    command: Command, tool: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "thing.py").write_text("", encoding="utf-8")
    tool.write_text(f"import thing\n{_PRINT}", encoding="utf-8")
    arguments = ("run", "--site", str(site), "--with", "alpha", str(tool))
    assert command(*arguments).stdout == "2.0\n"
    assert _planned(command(*arguments, **_DEBUG))
    _remove_environments(command, tool)
    after = command(*arguments, **_DEBUG)
    assert (after.stdout, _planned(after)) == ("2.0\n", False)


def test_a_file_that_a_requirement_names_counts_again_when_it_changed(
    command: Command, tool: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "own", "alpha", "7.0")
    arguments = ("run", "--with", f"alpha @ {wheel.as_uri()}", str(tool))
    assert command(*arguments).stdout == "7.0\n"
    make_wheel(tmp_path / "own", "alpha", "7.0", files={"alpha.py": "version = 'other'\n"})
    assert command(*arguments).stdout == "other\n"


def test_an_answer_of_the_index_counts_for_a_day(here: Runtime, store: EnvironmentStore) -> None:
    first = resolve(here, InstallRequest(requirements=("alpha",)), store)
    again = resolve(here, InstallRequest(requirements=("alpha",)), replace(store, fresh_for=7200.0))
    assert first.until is not None
    assert again.until is not None
    assert 79_000 < first.until - again.until < 79_300  # a day without two hours


def test_versions_that_exclude_each_other_are_reported_once(command: Command, tool: Path) -> None:
    ended = command("run", "--with", "alpha==1.0", "--with", "alpha==2.0", str(tool))
    assert (ended.returncode, ended.stdout) == (127, "")
    assert ended.stderr == "multirt: you require alpha==1.0 and alpha==2.0\n"


@pytest.mark.real
def test_a_reason_that_several_runtimes_share_is_reported_once(
    command: Command, tool: Path, require: Require
) -> None:
    both = f"{require('3.12')}:{require('3.13')}"
    arguments = ("run", "--with", "gamma", "--with", "alpha==1.0", str(tool))
    printed = command(*arguments, MULTIRT_SEARCH_PATH=both).stderr.splitlines()
    assert sum("you require" in line for line in printed) == 1
    assert (
        printed[-1] == f"  `multirt explain --with gamma --with alpha==1.0 {tool}` says why of each"
    )


@pytest.mark.real
def test_after_one_failed_four_are_resolved_for_at_once(
    store: EnvironmentStore, require: Require, tmp_path: Path, tool: Path
) -> None:
    """Whoever is not alone waits until four are there: one after the other would wait for ever."""
    names = ("3.13", "3.12", "3.11", "3.10", "3.9")
    pythons = [require(name) for name in names]
    together = threading.Barrier(4)
    calls = iter(range(len(names)))

    def location() -> EnvironmentStore:
        if next(calls):
            together.wait(timeout=60)
        return store

    env = {**store.env, "PATH": "/nowhere", "MULTIRT_SEARCH_PATH": ":".join(map(str, pythons))}
    decision = decide(
        Request(
            entry=EntryPoint(kind=ProgramKind.SCRIPT, text=str(tool)),
            search=SearchOptions(
                env=env, home=tmp_path, cwd=tmp_path, cache_dir=tmp_path / "cache"
            ),
            cache_dir=tmp_path / "cache",
            cli_settings=CliSettings(
                specs=tuple(RuntimeSpec.parse(str(python)) for python in pythons),
                requirement_files=(_unfulfillable(tmp_path),),
            ),
            store=location,
        )
    )
    assert decision.chosen is None
    assert not together.broken
    assert next(calls, None) is None


def _unfulfillable(folder: Path) -> Path:
    """Return a file of what no runtime can have, for reasons that could differ between them."""
    file = folder / "none.txt"
    file.write_text("gamma; python_version > '3'\nalpha==1.0\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("-r loop.txt\nalpha<2\n", None, id="names itself"),
        pytest.param("-e .\n", "-e is not understood here", id="an option"),
        pytest.param("alpha; python_version > '3\n", "No closing quotation", id="open quotation"),
        pytest.param("alpha  # it's\n", None, id="apostrophe in a comment"),
        pytest.param("-r none.txt\n", "none.txt: No such file or directory\n", id="absent"),
    ],
)
def test_files_of_requirements(
    command: Command, tool: Path, tmp_path: Path, text: str, message: str | None
) -> None:
    (tmp_path / "loop.txt").write_text(text, encoding="utf-8")
    ended = command("run", "--with-requirements", "loop.txt", str(tool))
    if message is None:
        assert (ended.returncode, ended.stderr) == (0, "")
    else:
        assert (ended.returncode, message in ended.stderr) == (2, True)


@pytest.mark.parametrize("location", ["/proc/nobody", "file"])
def test_a_cache_that_cannot_be_used_is_named(command: Command, tool: Path, location: str) -> None:
    (tool.parent / "file").write_text("", encoding="utf-8")
    folder = str(tool.parent / location)  # an absolute one stays as it is
    ended = command("run", "--with", "alpha", str(tool), MULTIRT_CACHE_DIR=folder)
    assert (ended.returncode, ended.stdout) == (125, "")
    assert f"cannot use the cache folder {folder}: " in ended.stderr
    assert "MULTIRT_CACHE_DIR names another one" in ended.stderr


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        pytest.param('{ path = "../a.whl" }', '{ path = "/w/a.whl" }', id="inline"),
        pytest.param("path='a b.whl'", 'path="/w/d/a b.whl"', id="literal"),
        pytest.param('path = "\\u00e9.whl"', 'path = "/w/d/é.whl"', id="escaped"),
        pytest.param('path = "/a.whl"', 'path = "/a.whl"', id="absolute"),
        pytest.param('install-path = "a"', 'install-path = "a"', id="another key"),
        pytest.param('path = "\\q"', 'path = "\\q"', id="broken"),
    ],
)
def test_paths_in_a_lock_begin_at_its_folder(written: str, absolute: str) -> None:
    assert with_absolute_paths(written, Path("/w/d")) == absolute
