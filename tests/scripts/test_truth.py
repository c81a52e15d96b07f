"""The program that holds predictions against the truth: its list, its table, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtimes import interrogate
from tests.abi_probe.compiler import compile_c
from tests.abi_probe.test_wheel import packed
from truthing.samples import LISTED, read_samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtimes import Runtime
    from tests.conftest import Require, RequireHeaders

ROOT = Path(__file__).parents[2]
_MODULE = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "spam", "", -1};
PyMODINIT_FUNC PyInit_spam(void) { %s; return PyModule_Create(&module); }
"""


def test_the_list_can_be_read() -> None:
    samples = list(read_samples())
    assert len(samples) > 100
    assert len({sample.id for sample in samples}) == len(samples)
    assert all("==" in sample.spec for sample in samples)
    assert LISTED.is_file()


def test_a_line_of_another_shape_is_named(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("# spec\n\nspam==1\tany\n")
    with pytest.raises(ValueError, match=r"table\.tsv:3: 2 columns"):
        list(read_samples(table))


@pytest.fixture
def native(
    require: Require, require_headers: RequireHeaders, tmp_path: Path
) -> Callable[[str], tuple[Runtime, bytes]]:
    """Return a function that compiles `spam` for a runtime and gives that and the file."""

    def make(statement: str) -> tuple[Runtime, bytes]:
        runtime = interrogate(require("3.11"), env=os.environ, timeout=60.0)
        options = [f"-I{path}" for path in require_headers("3.11")]
        made = compile_c(tmp_path / "spam.so", _MODULE % statement, *options)
        return runtime, made.read_bytes()

    return make


@pytest.mark.parametrize(
    ("statement", "status", "wrong"),
    [
        pytest.param("", 0, [], id="right"),
        pytest.param(
            "abort()",
            1,
            ["unverified, but spam crashes: SIGABRT: Fatal Python error: Aborted"],
            id="wrong",
        ),
    ],
)
def test_a_wheel(
    statement: str,
    status: int,
    wrong: list[str],
    native: Callable[[str], tuple[Runtime, bytes]],
    tmp_path: Path,
) -> None:
    runtime, module = native(statement)
    info = "spam-1.0.dist-info"
    files = {
        f"spam.cpython-311-{runtime.platform.machine}-linux-gnu.so": module,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: spam\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Tag: cp311-cp311-linux_{runtime.platform.machine}\n".encode(),
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in files).encode()
    wheel = tmp_path / f"spam-1.0-cp311-cp311-linux_{runtime.platform.machine}.whl"
    wheel.write_bytes(packed(files))
    reply = tmp_path / "answer.json"
    command = [sys.executable, str(ROOT / "scripts" / "truth"), str(wheel)]
    command += ["--runtime", runtime.id, "--cache", str(tmp_path / "cache"), "--json", str(reply)]
    env = {**os.environ, "MULTIRT_SEARCH_PATH": str(runtime.executable.parent)}
    run = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert (run.returncode, run.stderr) == (status, "")
    assert f"wrong: {len(wrong)}" in run.stdout
    cells = json.loads(reply.read_text())["cells"]
    assert [cell["runtime"] for cell in cells] == [runtime.id]
    assert [text for cell in cells for text in cell["wrong"]] == wrong
