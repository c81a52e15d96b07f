"""Runtimes, cells and reports described in a few words."""

from __future__ import annotations

from pathlib import Path

from packaging.version import Version

from multirt.matrix.model import (
    CellReport,
    CellRuntime,
    CellState,
    MatrixReport,
    TestCase,
    TestOutcome,
    WheelReport,
)
from runtimes import Abi, Platform, Runtime
from tests.factories.runtimes import implementation as made

STDLIB = frozenset({"venv", "site", "json"})


def runtime(name: str, *, stdlib: frozenset[str] = STDLIB) -> Runtime:
    """Return the runtime that `3.12.1`, `3.13.0t` or `pypy-3.11.4` stands for."""
    implementation, _, rest = name.rpartition("-")
    version = rest.rstrip("td")
    flags = rest[len(version) :]
    implementation = implementation or "cpython"
    return Runtime(
        id=f"{implementation}-{rest}",
        executable=Path(f"/opt/{implementation}-{rest}/bin/python"),
        source="PATH",
        prefix=Path(f"/opt/{implementation}-{rest}"),
        base_prefix=Path(f"/opt/{implementation}-{rest}"),
        implementation=made(implementation, version),
        version=Version(version),
        abi=Abi(
            soabi=None,
            flags=tuple(flags),
            debug="d" in flags,
            free_threaded="t" in flags,
            trace_refs=False,
            extension_suffixes=(".abi3.so", ".so"),
            stable_abis=("abi3",),
            cache_tag=None,
            object_sizes=(),
        ),
        platform=Platform(
            tag="linux-x86_64",
            system="linux",
            machine="x86_64",
            bits=64,
            byte_order="little",
            libc=None,
        ),
        jit=None,
        stdlib=stdlib,
        site_packages=(),
    )


MACHINE = tuple(
    map(
        runtime,
        (
            "3.13.0",
            "3.12.1",
            "3.11.7",
            "3.11.2",
            "3.8.18",
            "3.7.16",
            "3.6.15",
            "2.7.18",
            "3.13.5t",
            "3.13.5d",
            "pypy-3.11.11",
            "pypy-3.9.16",
        ),
    )
)
"""Runtimes of a machine that has several of most kinds."""


def row(
    name: str, state: CellState = CellState.PASSED, *cases: TestCase, **changes: object
) -> CellReport:
    """Return the result of a cell on CPython."""
    values: dict[str, object] = {
        "name": name,
        "task": None,
        "asked": name,
        "runtime": CellRuntime(
            id=f"cpython-{name}.0",
            implementation="cpython",
            implementation_version=f"{name}.0",
            version=f"{name}.0",
            soabi=None,
            debug=False,
            free_threaded=False,
            platform="linux-x86_64",
            executable=f"/opt/{name}/bin/python",
        ),
        "axes": {},
        "state": state,
        "reason": None,
        "hint": None,
        "required": True,
        "may_fail": False,
        "wheel": "ab" * 32,
        "same": True,
        "cases": cases or None,
        "setup": 0.25,
        "seconds": 1.5,
        "reused": True,
        "command": None,
        "output": "",
        "installed": {"demo": "1.0"},
        "warnings": (),
    }
    return CellReport(**{**values, **changes})  # type: ignore[arg-type]  # a table of fields


def failed(name: str = "tests/test_a.py::test_b", message: str = "assert 1 == 2") -> TestCase:
    """Return a test that failed."""
    return TestCase(id=name, outcome=TestOutcome.FAILED, message=message, text=f"E   {message}")


def passed(name: str = "tests/test_a.py::test_b") -> TestCase:
    """Return a test that passed."""
    return TestCase(id=name, outcome=TestOutcome.PASSED)


def report(*cells: CellReport, **changes: object) -> MatrixReport:
    """Return the report of a project with one wheel."""
    wheel = WheelReport(
        file="demo-1.0-py3-none-any.whl",
        sha256="ab" * 32,
        tags=("py3-none-any",),
        built_on="cpython-3.12.1",
        seconds=0.7,
    )
    values: dict[str, object] = {"project": "demo", "wheels": (wheel,), "cells": cells}
    return MatrixReport(**{**values, **changes})  # type: ignore[arg-type]  # likewise
