"""Real forks of CPython: what is predicted of files, and what the files do there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from abi_probe import Cause, Status, Verdict, judge_linked, read_path
from multirt.environments.abi_target import prospect_of
from runtimes import RuntimeSpec, SearchOptions, discover, find, interrogate
from tests.abi_probe.compiler import compile_c

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Require, RequireHeaders

pytestmark = pytest.mark.real

_SOURCE = """
%s
#include <Python.h>
static PyObject *first(PyObject *self, PyObject *list) {
    return Py_NewRef(%s(list, 0)); }
static PyMethodDef methods[] = {{"first", first, METH_O, ""}, {0}};
static PyModuleDef_Slot slots[] = {{0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "firsts", "", 0, methods, slots};
PyMODINIT_FUNC PyInit_firsts(void) { return PyModuleDef_Init(&module); }
"""
_OF_VERSION = "firsts.cpython-313-x86_64-linux-gnu.so"


def _installed(folder: Path, name: str, tag: str, include: tuple[Path, ...], limited: str) -> Path:
    """Return a folder into which a wheel with one module was installed."""
    access = "PyList_GetItem" if limited else "PyList_GET_ITEM"
    folder.mkdir(parents=True)
    compile_c(folder / name, _SOURCE % (limited, access), *(f"-I{path}" for path in include))
    info = folder / "firsts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: firsts\nVersion: 1.0\n")
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
    (info / "RECORD").write_text(f"{name},,\n")
    return folder


def _predicted(folder: Path, executable: Path) -> Verdict:
    runtime = interrogate(executable, env=os.environ, timeout=60.0)
    (artifact,) = read_path(folder)
    return judge_linked(artifact, prospect_of(runtime, os.environ))


def _works(folder: Path, executable: Path) -> bool:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import firsts; print(firsts.first([7]))"
    command = [str(executable), "-I", "-c", code, str(folder)]
    return subprocess.run(command, check=False, capture_output=True).stdout == b"7\n"


@pytest.mark.parametrize(
    ("headers", "file", "tag", "limited", "fits"),
    [
        pytest.param(
            "3.13", _OF_VERSION, "cp313-cp313-manylinux_2_17_x86_64", "", False, id="of-cpython"
        ),
        pytest.param("guise", _OF_VERSION, "cp313-cp313-linux_x86_64", "", True, id="its-own"),
        pytest.param(
            "3.13",
            "firsts.abi3.so",
            "cp310-abi3-manylinux_2_17_x86_64",
            "#define Py_LIMITED_API 0x030a0000",
            True,
            id="abi3",
        ),
    ],
)
def test_a_fork_that_claims_to_be_cpython_takes_its_own_and_abi3_files(  # noqa: PLR0913 - a table
    headers: str,
    file: str,
    tag: str,
    limited: str,
    *,
    fits: bool,
    tmp_path: Path,
    require: Require,
    require_headers: RequireHeaders,
) -> None:
    guise, cpython = require("guise"), require("3.13")
    folder = _installed(tmp_path / "site", file, tag, require_headers(headers), limited)
    verdict = _predicted(folder, guise)
    assert verdict.status is (Status.UNVERIFIED if fits else Status.INCOMPATIBLE)
    assert _works(folder, guise) is fits
    if headers == "3.13":
        assert _predicted(folder, cpython).status is Status.UNVERIFIED
        assert _works(folder, cpython)
    if not fits:
        assert [(each.cause, each.symbol) for each in verdict.objections] == [
            (Cause.ABI_KIND, "list")
        ]


def test_a_renamed_fork_is_found_by_its_name_and_its_own_version(
    require: Require, tmp_path: Path
) -> None:
    env = {"MULTIRT_SEARCH_PATH": str(require("alder"))}
    found = discover(SearchOptions(env=env, home=tmp_path, timeout=60.0)).runtimes
    for text in ("alder", "alder3.13", "alder@3.13", "alder@4.2", "alder@4.2.1", "alder>=3.12"):
        assert find(RuntimeSpec.parse(text, fork=True), found).implementation.name == "alder"


def test_a_fork_that_carries_the_name_of_cpython_is_not_chosen_unasked(
    require: Require, tmp_path: Path
) -> None:
    paths = [require("guise"), require("3.8")]
    env = {"MULTIRT_SEARCH_PATH": os.pathsep.join(map(str, paths))}
    found = discover(
        SearchOptions(
            env=env, home=tmp_path, sources=frozenset({"MULTIRT_SEARCH_PATH"}), timeout=60.0
        )
    ).runtimes
    assert [f"{each.version.major}.{each.version.minor}" for each in found] == ["3.8", "3.13"]


@pytest.mark.network
@pytest.mark.parametrize("command", ["explain", "lock", "compare"])
def test_a_runtime_that_uv_cannot_query_breaks_no_command(
    command: str, require: Require, tmp_path: Path, quick_machine: dict[str, str]
) -> None:
    script = tmp_path / "tool.py"
    script.write_text('# /// script\n# dependencies = ["six"]\n# ///\nimport six\n')
    paths = [require("alder"), require("3.12"), require("3.11d")]
    env = {
        **os.environ,
        **quick_machine,
        "MULTIRT_SEARCH_PATH": os.pathsep.join(map(str, paths)),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = _multirt(env, command, str(script))
    assert done.returncode == 0, done.stderr
    if command == "explain":
        document = json.loads(_multirt(env, "explain", "--json", str(script)).stdout)
        causes = {
            each["runtime"].partition("-")[0]: [one["cause"] for one in each["objections"]]
            for each in document["candidates"]
        }
        assert causes["alder"] == ["package"]


def _multirt(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "multirt", *arguments]
    return subprocess.run(
        command, env=env, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
