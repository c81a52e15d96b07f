"""What the runtimes give to extensions, remembered from one run to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import RuntimeTarget, Target, noticing
from abi_probe.dynamic_linking.library_search import Loaded, Loader  # noqa: TC001 - msgspec reads it
from abi_probe.dynamic_linking.loader import MissingLibrary, ProcessImage
from multirt.environments.abi_target import prospect_of
from multirt.probe.report_cache import Witnesses, changeable
from runtimes.storage import cache
from runtimes.storage.fingerprint import Fingerprints  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.probe.report_cache import ReportCache
    from runtimes import Runtime


class _Process(Struct, frozen=True, kw_only=True):
    """What a runtime gives, as in `ProcessImage`.

    Attributes:
        exports: None where they are those of the target.
        loader: its place in the list of all loaders.
    """

    program: Loaded
    exports: frozenset[str] | None
    loaded: dict[str, Loaded]
    caller: Loaded
    loader: int
    libc: tuple[str, tuple[int, ...]] | None
    missing: tuple[MissingLibrary, ...]


class _Row(Struct, frozen=True, kw_only=True):
    """A runtime as it is remembered, and the paths that this rests on."""

    seen: Fingerprints
    target: Target
    process: _Process | None = None

    def prospect(self, loaders: Sequence[Loader]) -> RuntimeTarget:
        """Return the runtime."""
        process = self.process
        if process is None:
            return RuntimeTarget(target=self.target, given=None)
        exports = process.exports if self.target.exports is None else self.target.exports
        given = ProcessImage(
            program=process.program,
            exports=exports or frozenset(),
            loaded=process.loaded,
            caller=process.caller,
            loader=loaders[process.loader],
            libc=process.libc,
            missing=process.missing,
        )
        return RuntimeTarget(target=self.target, given=given)


class _Note(Struct, frozen=True, kw_only=True):
    """All runtimes as they are remembered, by their facts."""

    loaders: list[Loader]
    rows: dict[str, _Row]


def prospects_of(
    runtimes: Sequence[Runtime], answers: ReportCache, env: Mapping[str, str]
) -> tuple[list[RuntimeTarget], Fingerprints]:
    """Return the runtimes as targets, and the paths that these rest on.

    Args:
        runtimes: in the order in which they are wanted.
        answers: whose store remembers them.
        env: the environment that they start in.
    """
    name = file_name(answers)
    known = _remembered(answers.store.load(name))
    kept: dict[str, tuple[Fingerprints, RuntimeTarget]] = {}
    fresh = False
    for facts, runtime in zip(answers.runtimes, runtimes, strict=False):
        row = known.get(facts)
        if row is None or not answers.witnesses.hold(row[0]):
            fresh = True
            row = _read(runtime, env)
        kept[facts] = row
    if fresh and not any(changeable(rows) for rows, _ in kept.values()):
        answers.store.save(name, _written({**known, **kept}))
    rows = {path: then for rows, _ in kept.values() for path, then in rows.items()}
    return [prospect for _, prospect in kept.values()], rows


def file_name(answers: ReportCache) -> str:
    """Return the name under which the runtimes are remembered."""
    return f"prospects-{answers.code}.runtimes"


def _read(runtime: Runtime, env: Mapping[str, str]) -> tuple[Fingerprints, RuntimeTarget]:
    """Read a runtime's executable and libraries."""
    witnesses = Witnesses()
    with noticing(witnesses):
        return witnesses.seen, prospect_of(runtime, env)


def _remembered(content: bytes | None) -> dict[str, tuple[Fingerprints, RuntimeTarget]]:
    """Return what is remembered, by the facts of each runtime."""
    note = cache.decode(content, _Note) if content is not None else None
    if note is None:
        return {}
    return {facts: (row.seen, row.prospect(note.loaders)) for facts, row in note.rows.items()}


def _written(rows: Mapping[str, tuple[Fingerprints, RuntimeTarget]]) -> bytes:
    """Return the bytes in which rows are remembered, what is equal in many of them once."""
    loaders: list[Loader] = []
    kept: dict[str, _Row] = {}
    for facts, (seen, prospect) in rows.items():
        target, given = prospect.target, prospect.given
        if given is None:
            kept[facts] = _Row(seen=seen, target=target)
            continue
        if given.loader not in loaders:
            loaders.append(given.loader)
        process = _Process(
            program=_lean(given.program),
            exports=given.exports if target.exports is None else None,
            loaded={name: _lean(loaded) for name, loaded in given.loaded.items()},
            caller=_lean(given.caller),
            loader=loaders.index(given.loader),
            libc=given.libc,
            missing=given.missing,
        )
        kept[facts] = _Row(seen=seen, target=target, process=process)
    return cache.encode(_Note(loaders=loaders, rows=kept))


def _lean(loaded: Loaded) -> Loaded:
    """Return what is in a process without what it needs itself, for all of that is there."""
    binary = replace(
        loaded.binary, imports=(), exports=frozenset(), needed=(), version_needs=(), foreign=()
    )
    parent = _lean(loaded.parent) if loaded.parent is not None else None
    return replace(loaded, binary=binary, parent=parent)
