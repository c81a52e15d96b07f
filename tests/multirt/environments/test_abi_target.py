"""The targets that runtimes make."""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from msgspec.structs import replace
from packaging.tags import sys_tags

from abi_probe import Format
from multirt.environments.abi_target import prospect_of, target_of
from runtimes import Libc, Runtime, interrogate
from tests.factories.runtimes import described


@pytest.fixture(scope="module")
def this() -> Runtime:
    return interrogate(Path(sys.executable), env=os.environ, timeout=30.0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF program")
def test_this_interpreter(this: Runtime) -> None:
    prospect = prospect_of(this, {})
    target = prospect.target
    assert prospect.given is not None
    assert target.name == this.id
    assert [*map(str, target.tags)] == [*map(str, sys_tags())]
    assert target.suffixes == tuple(EXTENSION_SUFFIXES)
    assert (target.format, target.bits) == (Format.ELF, this.platform.bits)
    assert target.exports is not None
    assert "PyList_New" in target.exports
    assert target.has_site


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF program")
def test_the_loader_shows_the_c_library_that_a_runtime_does_not_name(this: Runtime) -> None:
    silent = replace(this, platform=replace(this.platform, libc=None))
    given = prospect_of(silent, {}).given
    assert given is not None
    assert target_of(silent, given).libc == (given.libc if given.libc and given.libc[1] else None)
    assert target_of(silent, None).libc is None


def test_a_script_gives_nothing(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\n", "utf-8")
    prospect = prospect_of(described("3.11.4", executable=str(script)), {})
    assert prospect.given is None
    assert prospect.target.exports is None


def test_what_loads_no_extensions_is_not_read() -> None:
    runtime = described("jython 2.7.4", executable=sys.executable)
    runtime = replace(runtime, abi=replace(runtime.abi, extension_suffixes=()))
    assert prospect_of(runtime, {}).given is None


@pytest.mark.parametrize(
    ("text", "first", "free_threaded", "debug"),
    [
        pytest.param("3.11.4", "cp311-cp311-linux_x86_64", False, False, id="release"),
        pytest.param("3.13.0t", "cp313-cp313t-linux_x86_64", True, False, id="free-threaded"),
        pytest.param("3.12.1d", "cp312-cp312d-linux_x86_64", False, True, id="debug"),
    ],
)
def test_builds(text: str, first: str, *, free_threaded: bool, debug: bool) -> None:
    target = target_of(described(text), None)
    assert str(next(iter(target.tags))) == first
    assert (target.free_threaded, target.debug) == (free_threaded, debug)
    assert not target.has_site  # what was described has `os` alone


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        pytest.param("linux", Format.ELF, id="linux"),
        pytest.param("darwin", Format.MACHO, id="macos"),
        pytest.param("win32", Format.PE, id="windows"),
        pytest.param("freebsd14", Format.ELF, id="another"),
    ],
)
def test_formats(system: str, expected: Format) -> None:
    runtime = described("3.11.4")
    runtime = replace(runtime, platform=replace(runtime.platform, system=system))
    assert target_of(runtime, None).format is expected


@pytest.mark.parametrize(
    ("libc", "expected"),
    [
        pytest.param(Libc(name="glibc", version="2.36"), ("glibc", (2, 36)), id="glibc"),
        pytest.param(Libc(name="musl", version="1.2.5"), ("musl", (1, 2, 5)), id="musl"),
        pytest.param(None, None, id="none"),
    ],
)
def test_c_library(libc: Libc | None, expected: tuple[str, tuple[int, ...]] | None) -> None:
    runtime = described("3.11.4")
    runtime = replace(runtime, platform=replace(runtime.platform, libc=libc))
    assert target_of(runtime, None).libc == expected
