"""The total order in which runtimes are preferred."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from runtimes.sources import SOURCES

if TYPE_CHECKING:
    from packaging.version import Version

    from runtimes.model import Runtime

Rank = tuple[bool, bool, bool, bool, "_Descending", bool, int, str]
"""What `rank` gives: smaller is better, and no two runtimes have the same."""

CRITERIA: tuple[str, ...] = (
    "CPython",
    "stable release",
    "release build",
    "with GIL",
    "newest version",
    "native machine",
    "source",
    "path",
)
"""What each part of a rank stands for, in its order."""


class _Descending:
    """A version that sorts before older ones."""

    __slots__ = ("version",)

    def __init__(self, version: Version) -> None:
        self.version = version

    def __lt__(self, other: _Descending) -> bool:
        return other.version < self.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        return str(self.version)

    def __str__(self) -> str:
        return str(self.version)


def rank(runtime: Runtime) -> Rank:
    """Return a runtime's place in the order of preference; sort by it, the best comes first.

    CPython first, then stable over pre-release, release over debug, GIL over free-threaded,
    newest version, native machine, source, path. See `CRITERIA` for the words. What a version
    manager's shim on PATH starts counts as on PATH.
    """
    return (
        runtime.implementation.name != "cpython",
        runtime.prerelease,
        runtime.abi.debug,
        runtime.abi.free_threaded,
        _Descending(runtime.version),
        not _is_native(runtime.platform.machine),
        source_order("PATH" if runtime.selected else runtime.source),
        os.fspath(runtime.executable),
    )


def source_order(source: str) -> int:
    """Return a source's place in the order of preference, the best first."""
    return SOURCES.index(source) if source in SOURCES else len(SOURCES)


def _is_native(machine: str) -> bool:
    here = os.uname().machine if sys.platform != "win32" else _windows_machine()
    same = {"arm64": "aarch64", "amd64": "x86_64"}
    return same.get(machine.lower(), machine) == same.get(here.lower(), here)


def _windows_machine() -> str:
    import platform  # costs 3 ms, and only Windows needs it

    return platform.machine()
