"""Which file names are looked at."""

from __future__ import annotations

import os

import pytest

from runtimes.executable_names import is_runtime_name, time_limit

RUNTIMES = [
    "python",
    "python2",
    "python3",
    "python3.13",
    "python3.13t",
    "python3.13td",
    "python3.7m",
    "python2.7-dbg",
    "python3.11-dbg",
    "python3.13d",
    "python3-intel64",
    "python3.12-32",
    "python.exe",
    "PYTHON3.EXE",
    "Python",
    "pypy",
    "pypy3",
    "pypy3.10",
    "pypy3-c",
    "pypy3.11-c",
    "graalpy",
    "graalpy3.12",
    "graalpython",
    "jython",
    "jython2.7",
    "ipy",
    "ipy64",
    "ipy3",
    "micropython",
    "micropython-coverage",
    "pyodide",
    "pyodide-python",
    "pyston",
    "pyston3",
    "cinder",
    "stackless3",
    "rustpython",
    "python3-hang",
]
OTHERS = [
    "python3-config",
    "python3.13-config",
    "python-config",
    "ipython",
    "ipython3",
    "pypy3compile",
    "pypy3clean",
    "python-argcomplete-tcsh",
    "python3.11-gdb.py",
    "pythontex",
    "py",
    "pip",
    "python3.so",
    "pydoc3",
    "python.html",
    "python-build",
    "cpython",
    "mypython",
    "libpython3.so",
    "rustpythonic",
]


@pytest.mark.parametrize("name", [*RUNTIMES, "python 3", os.fsdecode(b"python3\xff")])
def test_names_of_runtimes(name: str) -> None:
    assert is_runtime_name(name)


@pytest.mark.parametrize("name", [*OTHERS, ""])
def test_names_of_other_things(name: str) -> None:
    assert not is_runtime_name(name)


def test_what_starts_a_virtual_machine_gets_more_time() -> None:
    assert time_limit("python3", 5.0) == 5.0
    assert time_limit("jython2.7", 5.0) == 30.0
