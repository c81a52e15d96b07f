"""Make one row of all answers that one runtime gave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from runtimes.choose import rank, source_order
from runtimes.facts import base_file, runtime_of, started_file
from runtimes.venvs import base_executable, configuration_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtimes.candidates import UniqueExecutable
    from runtimes.model import Runtime

Facts = dict[str, object]


class ProbeResult(Struct, frozen=True, kw_only=True):
    """One suspect that answered.

    Attributes:
        suspect: who was asked.
        facts: the answer.
        cached: it came from the cache.
        started: the file that it says it is; None when it says none that is here.
        base: the runtime below the environment that answered; None for a plain runtime.
        own: the file that was asked is the one that answered, so not a wrapper of another.
    """

    suspect: UniqueExecutable
    facts: Facts
    cached: bool
    started: Path | None
    base: Path | None
    own: bool


def probe_result(suspect: UniqueExecutable, facts: Facts, *, cached: bool) -> ProbeResult:
    """Return an answer with what follows from it and from the disk."""
    started = started_file(facts)
    if started is not None and configuration_file(os.fspath(started.parent)) is not None:
        base = base_executable(started)
    else:
        base = base_file(facts)
    own = started is None or suspect.real in (text := os.fspath(started), os.path.realpath(text))
    return ProbeResult(
        suspect=suspect, facts=facts, cached=cached, started=started, base=base, own=own
    )


def merge_results(results: Iterable[ProbeResult], selected: frozenset[str]) -> tuple[Runtime, ...]:
    """Return every runtime once, with all paths that lead to it, in order of preference.

    Args:
        results: of plain runtimes.
        selected: folders that a version manager's shims on PATH lead to at the moment.
    """
    found: dict[tuple[object, ...], _Row] = {}
    for result in sorted(results, key=_own_first):
        runtime = runtime_of(result.facts, Path(result.suspect.path), _source(result.suspect))
        row = found.setdefault(_identity(runtime, result.facts), _Row(_startable(runtime, result)))
        row.add(result, runtime)
    return _with_ids(sorted((row.complete(selected) for row in found.values()), key=rank))


class _Row(Struct):
    """One runtime while the paths that lead to it are collected."""

    runtime: Runtime
    paths: set[str] = field(default_factory=set)

    def add(self, result: ProbeResult, runtime: Runtime) -> None:
        self.paths.update(one.path for one in result.suspect.candidates)
        self.paths.update((result.suspect.path, os.fspath(runtime.executable)))
        if source_order(runtime.source) < source_order(self.runtime.source):
            self.runtime = replace(self.runtime, source=runtime.source)

    def complete(self, selected: frozenset[str]) -> Runtime:
        aliases = sorted(self.paths - {os.fspath(self.runtime.executable)})
        return replace(
            self.runtime,
            aliases=tuple(map(Path, aliases)),
            selected=any(os.path.dirname(path) in selected for path in self.paths),  # noqa: PTH120
        )


def _startable(runtime: Runtime, result: ProbeResult) -> Runtime:
    """Return a runtime with the executable that starts it as it answered.

    Where the target of a script gave no such answer by itself, only the script can start it.
    """
    if result.own or result.suspect.interpreter is None:
        return runtime
    return replace(runtime, executable=Path(result.suspect.path))


def _own_first(result: ProbeResult) -> tuple[bool, int, str]:
    return (not result.own, source_order(_source(result.suspect)), result.suspect.path)


def _source(suspect: UniqueExecutable) -> str:
    return min((one.source for one in suspect.candidates), key=source_order)


def _identity(runtime: Runtime, facts: Facts) -> tuple[object, ...]:
    """Return what two answers of one runtime have in common and no others do.

    Within one prefix a copy is the same runtime; what has no prefix on this file system is told
    by its file.
    """
    executable = os.fspath(runtime.executable)
    try:
        status = os.stat(executable)  # noqa: PTH116 - hot
        file = (status.st_dev, status.st_ino, status.st_size)
    except OSError:
        file = (0, 0, 0)
    prefix = os.path.realpath(runtime.prefix) if runtime.prefix is not None else os.sep
    inside = prefix != os.sep and executable.startswith(prefix + os.sep)
    return (
        runtime.id,
        runtime.implementation.version,
        runtime.abi,
        runtime.platform,
        facts.get("text"),
        (prefix, file[2]) if inside else (executable if file == (0, 0, 0) else file),
    )


def _with_ids(runtimes: Iterable[Runtime]) -> tuple[Runtime, ...]:
    """Return the runtimes with `~2` and so on where an id would appear again."""
    counts: dict[str, int] = {}
    numbered = []
    for runtime in runtimes:
        count = counts[runtime.id] = counts.get(runtime.id, 0) + 1
        numbered.append(runtime if count == 1 else replace(runtime, id=f"{runtime.id}~{count}"))
    return tuple(numbered)
