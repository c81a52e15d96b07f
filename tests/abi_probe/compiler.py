"""Compile small C files for tests, with the compiler of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = "MULTIRT_TEST_REQUIRE"


def compile_c(target: Path, source: str, *options: str, shared: bool = True) -> Path:
    """Compile and link C text, and return the file made; the test skips without a compiler.

    Args:
        target: the file to make; its folder is made too.
        source: C text.
        options: further ones for the compiler, behind the source.
        shared: make a library; else a program.
    """
    compiler = shutil.which("gcc")
    if compiler is None:
        if "all" in os.environ.get(REQUIRED, ""):
            pytest.fail(f"gcc is not on this machine, and {REQUIRED} asks for all", pytrace=False)
        pytest.skip("gcc is not on this machine")
    target.parent.mkdir(parents=True, exist_ok=True)
    kind = ["-shared", "-fPIC"] if shared else []
    command = [
        compiler,
        *kind,
        "-O1",
        "-w",
        "-x",
        "c",
        "-",
        "-x",
        "none",
        *options,
        "-o",
        str(target),
    ]
    subprocess.run(command, input=source, text=True, check=True)
    return target
