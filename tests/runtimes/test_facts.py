"""What is made of an answer, also of one that makes no sense or breaks off."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from runtimes import Reason, interrogate
from runtimes.errors import CandidateError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require
    from tests.runtimes.conftest import Machine

ANSWER: dict[str, object] = {
    "implementation": "cpython",
    "implementation_version": [3, 9, 1, "final", 0],
    "version": [3, 9, 1, "final", 0],
    "system": "linux",
    "byte_order": "little",
    "bits": 64,
    "stdlib": "os sqlite3 _sqlite3 _ssl ssl",
    "suffixes": [".cpython-39-x86_64-linux-gnu.so", ".abi3.so", ".so"],
}


def answering(machine: Machine, reply: object, after: str = 'echo "$nonce"') -> Path:
    """Add a candidate that gives an answer, and goes on as told."""
    text = json.dumps(reply).replace("'", "'\\''")
    return machine.add(
        "python3",
        "#!/bin/sh\nfor last; do :; done\n"
        'nonce=$(echo "$last" | sed -n \'s/^NONCE = "\\(.*\\)"/\\1/p\')\n'
        f"printf '%s%s%s\\n' \"$nonce\" '{text}' \"$nonce\"\n{after}\n",
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": None}, id="no-version"),
        pytest.param({"version": [3, 9]}, id="short-version"),
        pytest.param({"version": ["3", 9, 1, "final", 0]}, id="version-of-text"),
        pytest.param({"version": [3, 9, 1, "late", 0]}, id="unknown-level"),
        pytest.param({"version": [-3, 9, 1, "final", 0]}, id="negative"),
        pytest.param({"implementation_version": {}}, id="no-implementation-version"),
        pytest.param({"implementation": 7}, id="implementation-of-number"),
        pytest.param({"system": ""}, id="no-system"),
        pytest.param({"stdlib": ["os"]}, id="library-of-list"),
    ],
)
def test_an_answer_without_sense_is_garbled(machine: Machine, change: dict[str, object]) -> None:
    path = answering(machine, {**ANSWER, **change})
    with pytest.raises(CandidateError) as caught:
        interrogate(path, env=os.environ, timeout=30.0)
    assert caught.value.reason is Reason.INVALID_OUTPUT
    rejected = machine.rejection("python3", timeout=30.0)
    assert (rejected.reason, rejected.detail) == (Reason.INVALID_OUTPUT, caught.value.detail)


@pytest.mark.parametrize("reply", [[], "text", None, 3])
def test_an_answer_that_is_no_object_is_garbled(machine: Machine, reply: object) -> None:
    answering(machine, reply)
    assert machine.rejection("python3", timeout=30.0).reason is Reason.INVALID_OUTPUT


def test_missing_facts_are_not_made_up(machine: Machine) -> None:
    runtime = interrogate(answering(machine, ANSWER), env=os.environ, timeout=30.0)
    assert runtime.prefix is None
    assert runtime.platform.libc is None
    assert runtime.jit is None
    assert runtime.abi.soabi is None
    assert runtime.abi.stable_abis == ("abi3",)
    assert runtime.site_packages == ()


@pytest.mark.parametrize(
    ("after", "missing"),
    [
        pytest.param('echo; echo _ssl; echo -_ssl; echo "$nonce"', {"_ssl"}, id="import-failed"),
        pytest.param("echo _ssl; echo _sqlite3; kill -SEGV $$", {"_sqlite3"}, id="import-crashed"),
        pytest.param('echo _ssl; printf "noise\\n-ssl\\n$nonce"', {"ssl"}, id="noise-between"),
        pytest.param("kill -KILL $$", set(), id="crashed-before"),
    ],
)
def test_modules_that_fail_to_import_are_not_in_the_library(
    machine: Machine, after: str, missing: set[str]
) -> None:
    runtime = interrogate(answering(machine, ANSWER, after), env=os.environ, timeout=30.0)
    assert {"os", "sqlite3", "_sqlite3", "_ssl", "ssl"} - runtime.stdlib == missing


def test_what_follows_modules_that_crash_is_tried_without_them(
    machine: Machine, require: Require
) -> None:
    prefix = machine.home / "prefix"
    left_out = shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a", "include")
    shutil.copytree(require("3.13t").parent.parent, prefix, symlinks=True, ignore=left_out)
    library = prefix / "lib" / "python3.13t"
    for name in ("_bz2", "_lzma", "_sqlite3"):
        for binary in (library / "lib-dynload").glob(f"{name}.*.so"):
            binary.unlink()
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    (library / "_bz2.py").write_text(kill)
    (library / "_lzma.py").write_text("raise RuntimeError\n")
    (library / "_sqlite3.py").write_text(kill)
    path = prefix / "bin" / "python3.13t"
    runtime = interrogate(path, env=os.environ, timeout=60.0)
    gone = {"_bz2", "bz2", "_lzma", "lzma", "_sqlite3", "sqlite3"}
    assert gone & runtime.stdlib == set()
    assert {"_ctypes", "ctypes", "zlib", "gzip"} <= runtime.stdlib


@pytest.mark.parametrize(
    ("change", "flags", "identifier"),
    [
        pytest.param({"build": {"Py_DEBUG": 1}}, ("d",), "cpython-3.9.1d", id="debug"),
        pytest.param({"counts_references": True}, ("d",), "cpython-3.9.1d", id="debug-by-sys"),
        pytest.param({"suffixes": ["_d.pyd"]}, ("d",), "cpython-3.9.1d", id="debug-on-windows"),
        pytest.param({"build": {"Py_GIL_DISABLED": 1}}, ("t",), "cpython-3.9.1t", id="no-gil"),
        pytest.param(
            {"build": {"Py_GIL_DISABLED": 1, "Py_DEBUG": 1}, "abiflags": "td"},
            ("t", "d"),
            "cpython-3.9.1td",
            id="both",
        ),
        pytest.param({"abiflags": "dm"}, ("d", "m"), "cpython-3.9.1", id="letters-of-3.7"),
        pytest.param(
            {"version": [3, 15, 0, "candidate", 2]}, (), "cpython-3.15.0rc2", id="candidate"
        ),
        pytest.param({"implementation": "somefork"}, (), "somefork-3.9.1", id="fork"),
    ],
)
def test_flags_and_ids(
    machine: Machine, change: dict[str, object], flags: tuple[str, ...], identifier: str
) -> None:
    path = answering(machine, {**ANSWER, **change})
    runtime = interrogate(path, env=os.environ, timeout=30.0)
    assert (runtime.abi.flags, runtime.id) == (flags, identifier)


@pytest.mark.parametrize(
    ("change", "stable_abis"),
    [
        pytest.param({"build": {"Py_TRACE_REFS": 1}}, (), id="trace-refs-of-3.9"),
        pytest.param(
            {"build": {"Py_TRACE_REFS": 1}, "version": [3, 13, 0, "final", 0]},
            ("abi3",),
            id="trace-refs-of-3.13",
        ),
        pytest.param({"suffixes": [".cp313-win_amd64.pyd", ".pyd"]}, ("abi3",), id="windows"),
        pytest.param(
            {"suffixes": [".pyd"], "version": [3, 15, 0, "final", 0]},
            ("abi3", "abi3t"),
            id="windows-3.15",
        ),
        pytest.param(
            {"suffixes": [".abi3t.so"], "build": {"Py_GIL_DISABLED": 1}},
            ("abi3t",),
            id="free-threaded-3.15",
        ),
        pytest.param({"suffixes": [".so"]}, (), id="bare-suffix-only"),
    ],
)
def test_stable_abis(
    machine: Machine, change: dict[str, object], stable_abis: tuple[str, ...]
) -> None:
    path = answering(machine, {**ANSWER, **change})
    assert interrogate(path, env=os.environ, timeout=30.0).abi.stable_abis == stable_abis


@pytest.mark.parametrize(
    ("change", "machine_name", "tag"),
    [
        pytest.param({"elf_machine": 3, "bits": 32}, "i686", "linux-i686", id="32-bit"),
        pytest.param({"elf_machine": 183}, "aarch64", "linux-aarch64", id="arm"),
        pytest.param({"machine": "arm64", "tag": "macosx-11.0-arm64"}, "arm64", None, id="macos"),
        pytest.param({"tag": "win-amd64", "machine": "AMD64"}, "amd64", None, id="windows"),
        pytest.param({}, "unknown", "linux-unknown", id="unknown"),
    ],
)
def test_the_machine_is_the_interpreters_own(
    machine: Machine, change: dict[str, object], machine_name: str, tag: str | None
) -> None:
    path = answering(machine, {**ANSWER, **change})
    platform = interrogate(path, env=os.environ, timeout=30.0).platform
    assert platform.machine == machine_name
    assert platform.tag == (tag or change["tag"])
