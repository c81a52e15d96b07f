"""Every runtime is found once, and is what it says of itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from runtimes import Jit, Reason, RuntimeSpec, SearchOptions, discover, find, interrogate, rank
from tests.interpreters import INTERPRETERS, named
from tests.runtimes.conftest import ME, make_script, make_wrapper

if TYPE_CHECKING:
    from runtimes import Discovery
    from tests.conftest import Require
    from tests.runtimes.conftest import Machine

REAL = [row.name for row in INTERPRETERS if not row.environment]


@pytest.mark.parametrize("name", REAL)
def test_a_real_runtime_is_what_its_place_says(name: str, require: Require) -> None:
    path, row = require(name), named(name)
    runtime = interrogate(path, env=os.environ, timeout=60.0)
    assert runtime.implementation.name == row.implementation
    assert str(runtime.version).startswith(row.version)
    assert (runtime.abi.debug, runtime.abi.free_threaded) == (row.debug, row.free_threaded)
    assert path == runtime.executable or path in runtime.aliases
    assert "d" in runtime.abi.flags if row.debug else "d" not in runtime.abi.flags
    assert "sys" in runtime.stdlib
    assert runtime.platform.bits in (32, 64)


@pytest.mark.parametrize("name", ["2.7", "3.8", "3.13", "pypy3.9"])
def test_the_c_library_is_the_systems(name: str, require: Require) -> None:
    runtime = interrogate(require(name), env=os.environ, timeout=60.0)
    assert runtime.platform.libc is not None
    printed = f"{runtime.platform.libc.name} {runtime.platform.libc.version}"
    assert printed == os.confstr("CS_GNU_LIBC_VERSION")


# What each kind says of itself, asked in its own words.
QUESTION = (
    "import sys, sysconfig, importlib.machinery as m;"
    "print(sysconfig.get_config_var('SOABI'));print(m.EXTENSION_SUFFIXES);"
    "print(sys.prefix);print(sysconfig.get_platform());print(sys.implementation.cache_tag)"
)


@pytest.mark.parametrize("name", [name for name in REAL if named(name).headers and name != "2.7"])
def test_the_facts_are_those_of_the_runtime_itself(name: str, require: Require) -> None:
    path = require(name)
    printed = subprocess.run(
        [path, "-I", "-c", QUESTION], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    runtime = interrogate(path, env=os.environ, timeout=60.0)
    assert printed == [
        str(runtime.abi.soabi),
        str(list(runtime.abi.extension_suffixes)),
        str(runtime.prefix),
        runtime.platform.tag,
        str(runtime.abi.cache_tag),
    ]


@pytest.mark.parametrize(
    ("name", "stable_abis"),
    [
        pytest.param("3.8", ("abi3",), id="gil"),
        pytest.param("3.11d", ("abi3",), id="debug"),
        pytest.param("3.13t", (), id="lists-the-suffix-and-crashes"),
        pytest.param("3.13td", (), id="likewise-debug"),
        pytest.param("3.15", ("abi3", "abi3t"), id="both"),
        pytest.param("pypy3.9", (), id="pypy"),
        pytest.param("2.7", (), id="older-than-any"),
        pytest.param("micropython", (), id="no-extensions"),
    ],
)
def test_stable_abis(name: str, stable_abis: tuple[str, ...], require: Require) -> None:
    runtime = interrogate(require(name), env=os.environ, timeout=60.0)
    assert runtime.abi.stable_abis == stable_abis


@pytest.mark.parametrize(
    ("name", "jit"),
    [
        pytest.param("3.12", None, id="none"),
        pytest.param("3.15", Jit.OFF, id="built-in"),
        pytest.param("pypy3.9", Jit.ON, id="pypy"),
    ],
)
def test_jit(name: str, jit: Jit | None, require: Require) -> None:
    assert interrogate(require(name), env=os.environ, timeout=60.0).jit is jit


@pytest.mark.parametrize("name", ["2.7", "3.6", "3.13", "3.14", "3.13t", "system", "pypy3.11"])
def test_the_standard_library_is_what_really_imports(name: str, require: Require) -> None:
    path = require(name)
    runtime = interrogate(path, env=os.environ, timeout=60.0)
    optional = [
        "ctypes",
        "sqlite3",
        "bz2",
        "lzma",
        "ssl",
        "curses",
        "readline",
        "tkinter",
        "turtle",
    ]
    for module in [*optional, "json", "this_is_no_module", "os"]:
        done = subprocess.run(
            [path, "-E", "-S", "-c", f"__import__({module!r})"],
            capture_output=True,
            check=False,
            cwd="/",
        )
        assert (module in runtime.stdlib) == (done.returncode == 0), module


def test_paths_that_start_the_same_are_one_row(machine: Machine) -> None:
    folder = machine.folder
    (folder / "python3.91").symlink_to(ME)
    (folder / "python3").symlink_to("python3.91")
    other = machine.home / "other"
    other.symlink_to(folder)
    make_wrapper(folder / "python3-wrapper", ME)
    env = {"MULTIRT_SEARCH_PATH": f"{folder}:{other}", "PATH": "/usr/bin:/bin"}
    for _ in ("cold", "warm"):
        (runtime,) = machine.look(env=env).runtimes
        assert runtime.executable == ME
        assert set(runtime.aliases) == {
            folder / "python3.91",
            folder / "python3",
            folder / "python3-wrapper",
            other / "python3.91",
            other / "python3",
            other / "python3-wrapper",
        }


@pytest.mark.parametrize(
    ("newest", "requested"),
    [
        pytest.param((3, 99), {"3.12"}, id="the newest line"),
        pytest.param((3, 8), {"3.8"}, id="the newest that is wanted"),
        pytest.param((3, 0), {"3.12", "3.8", "pypy3.11"}, id="all where no name is wanted"),
    ],
)
def test_what_is_likely_is_asked_first(
    machine: Machine, require: Require, newest: tuple[int, int], requested: set[str]
) -> None:
    for name in ("3.12", "3.8", "pypy3.11"):
        (machine.folder / f"{'' if 'p' in name else 'python'}{name}").symlink_to(require(name))

    def names(found: Discovery) -> set[str]:
        prefixes = {"cpython": "", "pypy": "pypy"}
        return {
            prefixes[each.implementation.name] + "{}.{}".format(*each.version.release)
            for each in found.runtimes
        }

    first = machine.look(first=lambda line: line <= newest)
    assert names(first) == requested
    assert len(first.postponed) == 3 - len(requested)
    assert names(machine.look()) == {"3.12", "3.8", "pypy3.11"}
    assert machine.look(first=lambda line: line <= newest).postponed == ()


def test_hard_links_and_copies_are_one_row(machine: Machine, require: Require) -> None:
    source = require("3.13t")
    prefix = machine.home / "prefix"
    for part in ("bin", "lib"):
        shutil.copytree(
            source.parent.parent / part,
            prefix / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a"),
        )
    bin_ = prefix / "bin"
    for old in bin_.glob("python3.13?*"):
        old.unlink()
    os.link(bin_ / "python3.13", bin_ / "python3.13-hard")
    shutil.copy2(bin_ / "python3.13", bin_ / "python3.13-copy")
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    (runtime,) = machine.look(env=env).runtimes
    assert {runtime.executable, *runtime.aliases} == set(bin_.glob("python*"))
    assert runtime.prefix == prefix


def test_debug_and_release_in_one_prefix_are_two(machine: Machine, require: Require) -> None:
    prefix = require("3.13d").parent.parent
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    found = machine.look(env=env, timeout=60.0).runtimes
    assert [(one.abi.debug, one.prefix) for one in found] == [(False, prefix), (True, prefix)]
    assert len({one.id for one in found}) == 2


def test_an_environment_is_no_runtime_but_leads_to_one(machine: Machine) -> None:
    environment = machine.home / "env"
    subprocess.run([ME, "-m", "venv", "--without-pip", environment], check=True)
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(environment)}
    report = machine.look(env=env)
    (runtime,) = report.runtimes
    assert runtime.executable == ME
    assert {one.reason for one in report.rejected} == {Reason.ENVIRONMENT}
    assert interrogate(environment / "bin" / "python", env={}).executable == ME


def test_a_wrapper_of_an_environment_leads_to_its_base(machine: Machine) -> None:
    environment = machine.home / "env"
    subprocess.run([ME, "-m", "venv", "--without-pip", environment], check=True)
    make_wrapper(machine.folder / "python3", environment / "bin" / "python")
    report = machine.look()
    assert [one.executable for one in report.runtimes] == [ME]
    assert [one.reason for one in report.rejected] == [Reason.ENVIRONMENT]


def test_an_overlay_shows_in_the_environment_that_it_lives_in(
    machine: Machine, require: Require
) -> None:
    path = require("cinderx-3.14")
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(path.parent.parent)}
    details = [one.detail for one in machine.look(env=env, timeout=60.0).rejected]
    assert details
    assert all("with cinderx" in detail for detail in details)


def test_a_wrapper_that_alone_can_start_its_target(machine: Machine, require: Require) -> None:
    """What sets a variable that the target cannot do without stays the way to start it."""
    source = require("3.9").parent.parent
    prefix = machine.home / "moved"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(source / "bin" / "python3.9", prefix / "bin" / "interpreter")
    wrapper = make_script(
        machine.folder / "python3",
        f'#!/bin/sh\nPYTHONHOME={source} exec "{prefix}/bin/interpreter" "$@"\n',
    )
    (runtime,) = machine.look().runtimes
    assert wrapper == runtime.executable or wrapper in runtime.aliases


@pytest.mark.parametrize(
    "layout",
    ["python3", "bin/python3", "usr/bin/python3", "a/bin/python3", "a/usr/bin/python3"],
)
def test_where_a_named_folder_is_searched(machine: Machine, layout: str) -> None:
    path = machine.folder / layout
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(ME)
    (runtime,) = machine.look().runtimes
    assert (runtime.source, runtime.aliases) == ("MULTIRT_SEARCH_PATH", (path,))


def test_a_named_file_is_taken_alone(machine: Machine) -> None:
    for name in ("python3", "python3.91"):
        (machine.folder / name).symlink_to(ME)
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(machine.folder / "python3")}
    (runtime,) = machine.look(env=env).runtimes
    assert runtime.aliases == (machine.folder / "python3",)


def test_shims_on_path_are_not_started_but_followed(machine: Machine) -> None:
    root = machine.home / "somewhere" / "pyenv"
    started = machine.home / "started"
    make_script(root / "shims" / "python3", f"#!/bin/sh\ntouch {started}\n")
    real = root / "versions" / "3.91.0" / "bin" / "python3"
    real.parent.mkdir(parents=True)
    real.symlink_to(ME)
    search = replace(
        machine.search,
        env={"PATH": f"{root}/shims:/usr/bin:/bin"},
        sources=frozenset({"PATH", "pyenv"}),
    )
    report = discover(search)
    assert not started.exists()
    assert real in {alias for one in report.runtimes for alias in one.aliases}
    assert (root / "shims" / "python3", Reason.SHIM) in {
        (one.path, one.reason) for one in report.rejected
    }


def test_ids_are_unique_and_found_again(machine: Machine, require: Require) -> None:
    first, second = require("3.13"), require("3.13d")
    folders = [str(first.parent.parent), str(second.parent.parent), str(ME.parent.parent)]
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": os.pathsep.join(folders)}
    found = machine.look(env=env, timeout=60.0).runtimes
    ids = [one.id for one in found]
    assert len(ids) == len(set(ids))
    assert [find(RuntimeSpec.parse(one), found).id for one in ids] == ids
    assert list(found) == sorted(found, key=rank)


def test_two_of_one_version_get_numbers(machine: Machine, require: Require) -> None:
    source = require("3.13t").parent.parent
    folders = [source]
    for number in ("one", "two"):
        prefix = machine.home / number
        shutil.copytree(
            source,
            prefix,
            symlinks=True,
            ignore=shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a", "include"),
        )
        folders.append(prefix)
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": os.pathsep.join(map(str, folders))}
    ids = [one.id for one in machine.look(env=env, timeout=60.0).runtimes]
    plain = ids[0]
    assert plain.endswith("t")
    assert ids == [plain, f"{plain}~2", f"{plain}~3"]


def test_nothing_is_written_into_a_runtime(machine: Machine, require: Require) -> None:
    source = require("3.13t").parent.parent
    prefix = machine.home / "prefix"
    shutil.copytree(
        source,
        prefix,
        symlinks=True,
        ignore=shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a", "include"),
    )
    before = sorted(prefix.rglob("*"))
    env = {**machine.search.env, "MULTIRT_SEARCH_PATH": str(prefix)}
    assert machine.look(env=env, timeout=60.0).runtimes
    assert sorted(prefix.rglob("*")) == before


def test_a_whole_machine_in_one_look(tmp_path: Path, require: Require) -> None:
    """Every interpreter that the tests know is in the list, once."""
    paths = [require(name) for name in ("3.8", "3.9", "3.13", "system")]
    env = {"PATH": "/usr/bin", "MULTIRT_SEARCH_PATH": os.pathsep.join(map(str, paths))}
    sources = frozenset({"MULTIRT_SEARCH_PATH"})
    found = discover(SearchOptions(env=env, home=tmp_path, sources=sources, timeout=60.0)).runtimes
    for path in paths:
        real = Path(os.path.realpath(path))
        assert sum(real in (one.executable, *one.aliases) for one in found) == 1


# Some start a browser or print when they are imported, and a package of tests is as good as all.
_EAGER = frozenset({"antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo"})
_IMPORT_ALL = """
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except BaseException as error:
        sys.stderr.write("%s: %r\\n" % (name, error))
"""


@pytest.mark.parametrize("name", ["2.7", "3.8", "3.11d", "3.13t", "3.14", "pypy3.9", "pypy3.11"])
def test_every_listed_module_of_the_standard_library_imports(name: str, require: Require) -> None:
    runtime = interrogate(require(name), env=os.environ, timeout=60.0)
    listed = sorted(runtime.stdlib - _EAGER)
    assert len(listed) > 200
    done = subprocess.run(
        [runtime.executable, "-S", "-c", _IMPORT_ALL, *listed],
        check=True,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        text=True,
    )
    printed = [line for line in done.stderr.splitlines() if line.partition(":")[0] in listed]
    assert printed == []
