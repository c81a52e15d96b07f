"""Order runtimes by preference, and choose the first that fits."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.errors import NoRuntimeError
from runtimes.layout import is_cpython
from runtimes.sources import SOURCES
from runtimes.venvs import base_executable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from runtimes.model import Runtime
    from runtimes.spec import RuntimeSpec

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
    """Return a runtime's position in the order of preference; sort by it, the best comes first.

    CPython first (a fork that carries its name is not it), then stable over pre-release, release
    over debug, GIL over free-threaded, newest version, native machine, source, path. See
    `CRITERIA` for the words. What a version manager's shim on PATH starts counts as on PATH.
    """
    return (
        not is_cpython(runtime),
        runtime.prerelease,
        runtime.abi.debug,
        runtime.abi.free_threaded,
        _Descending(runtime.version),
        not _is_native(runtime.platform.machine),
        source_order(_source(runtime)),
        os.fspath(runtime.executable),
    )


def rank_values(runtime: Runtime) -> dict[str, bool | str]:
    """Return by criterion what a runtime has: whether it holds, or the value that is compared."""
    values = (not part if isinstance(part, bool) else str(part) for part in rank(runtime))
    return {**dict(zip(CRITERIA, values, strict=True)), "source": _source(runtime)}


def deciding_criterion(better: Runtime, worse: Runtime) -> str:
    """Return the criterion that puts one runtime before another: the first that differs."""
    pairs = zip(CRITERIA, rank(better), rank(worse), strict=True)
    return next((name for name, one, other in pairs if one != other), CRITERIA[-1])


def source_order(source: str) -> int:
    """Return a source's position in the order of preference, the best first."""
    return SOURCES.index(source) if source in SOURCES else len(SOURCES)


def _source(runtime: Runtime) -> str:
    return "PATH" if runtime.selected else runtime.source


def _is_native(machine: str) -> bool:
    here = os.uname().machine if sys.platform != "win32" else _windows_machine()
    same = {"arm64": "aarch64", "amd64": "x86_64"}
    return same.get(machine.lower(), machine) == same.get(here.lower(), here)


def _windows_machine() -> str:
    import platform  # costs 3 ms, and only Windows needs it

    return platform.machine()


def find(spec: RuntimeSpec, runtimes: Sequence[Runtime]) -> Runtime:
    """Return the best runtime that a spec accepts.

    Args:
        spec: what is asked for. A path may lead through links, or to an environment or its
            folder; it is then resolved from the working folder, but a `~` is the caller's to
            replace.
        runtimes: what there is to choose from.

    Raises:
        NoRuntimeError: it accepts none of them.

    Example:
        >>> from runtimes import NoRuntimeError, RuntimeSpec, find
        >>> try:
        ...     find(RuntimeSpec.parse("3.12"), [])
        ... except NoRuntimeError as error:
        ...     print(error)
        no runtime here fits '3.12'
    """
    return ranked(spec, runtimes)[0]


def ranked(spec: RuntimeSpec, runtimes: Sequence[Runtime]) -> tuple[Runtime, ...]:
    """Return all runtimes that a spec accepts, the best first; the order is total, see `rank`.

    Args:
        spec: the same.
        runtimes: the same.

    Raises:
        NoRuntimeError: it accepts none of them.
    """
    accepted = [runtime for runtime in runtimes if spec.accepts(runtime)]
    if not accepted and spec.path is not None:
        accepted = _at(Path(spec.path), runtimes)
    if not accepted:
        raise NoRuntimeError(str(spec), tuple(runtime.id for runtime in runtimes))
    return tuple(sorted(accepted, key=rank))


def _at(path: Path, runtimes: Sequence[Runtime]) -> list[Runtime]:
    """Return the runtimes that a path starts."""
    start = base_executable(path) or path
    real = Path(os.path.realpath(start))
    return [
        runtime
        for runtime in runtimes
        if {start, real} & {runtime.executable, *runtime.aliases}
        or (runtime.prefix is not None and Path(os.path.realpath(runtime.prefix)) == real)
    ]
