"""What the runtimes give to extensions, cached from one run to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import RuntimeTarget, Target, tracking_reads
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


class _CachedProcess(Struct, frozen=True, kw_only=True):
    """What a runtime gives, as in `ProcessImage`.

    Attributes:
        exports: None where they are those of the target.
        loader: its position in the list of all loaders.
    """

    program: Loaded
    exports: frozenset[str] | None
    loaded: dict[str, Loaded]
    caller: Loaded
    loader: int
    libc: tuple[str, tuple[int, ...]] | None
    missing: tuple[MissingLibrary, ...]


class _CachedRow(Struct, frozen=True, kw_only=True):
    """A runtime as it is cached, and the paths that this rests on."""

    seen: Fingerprints
    target: Target
    process: _CachedProcess | None = None

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


class _CachedRuntimes(Struct, frozen=True, kw_only=True):
    """All runtimes as they are cached, by their facts."""

    loaders: list[Loader]
    rows: dict[str, _CachedRow]


def runtime_targets(
    runtimes: Sequence[Runtime], reports: ReportCache, env: Mapping[str, str]
) -> tuple[list[RuntimeTarget], Fingerprints]:
    """Return the runtimes as targets, and the paths that these rest on.

    Args:
        runtimes: in the order in which they are wanted.
        reports: whose store caches them.
        env: the environment that they start in.
    """
    name = file_name(reports)
    known = _decode(reports.store.load(name))
    kept: dict[str, tuple[Fingerprints, RuntimeTarget]] = {}
    fresh = False
    for facts, runtime in zip(reports.runtimes, runtimes, strict=False):
        row = known.get(facts)
        if row is None or not reports.witnesses.hold(row[0]):
            fresh = True
            row = _read(runtime, env)
        kept[facts] = row
    if fresh and not any(changeable(rows) for rows, _ in kept.values()):
        reports.store.save(name, _encode({**known, **kept}))
    rows = {path: then for rows, _ in kept.values() for path, then in rows.items()}
    return [prospect for _, prospect in kept.values()], rows


def file_name(reports: ReportCache) -> str:
    """Return the name under which the runtimes are cached."""
    return f"prospects-{reports.code}.runtimes"


def _read(runtime: Runtime, env: Mapping[str, str]) -> tuple[Fingerprints, RuntimeTarget]:
    """Read a runtime's executable and libraries."""
    witnesses = Witnesses()
    with tracking_reads(witnesses):
        return witnesses.seen, prospect_of(runtime, env)


def _decode(content: bytes | None) -> dict[str, tuple[Fingerprints, RuntimeTarget]]:
    """Return what is cached, by the facts of each runtime."""
    note = cache.decode(content, _CachedRuntimes) if content is not None else None
    if note is None:
        return {}
    return {facts: (row.seen, row.prospect(note.loaders)) for facts, row in note.rows.items()}


def _encode(rows: Mapping[str, tuple[Fingerprints, RuntimeTarget]]) -> bytes:
    """Return the bytes in which rows are cached, what is equal in many of them once."""
    loaders: list[Loader] = []
    kept: dict[str, _CachedRow] = {}
    for facts, (seen, prospect) in rows.items():
        target, given = prospect.target, prospect.given
        if given is None:
            kept[facts] = _CachedRow(seen=seen, target=target)
            continue
        if given.loader not in loaders:
            loaders.append(given.loader)
        process = _CachedProcess(
            program=_without_own_needs(given.program),
            exports=given.exports if target.exports is None else None,
            loaded={name: _without_own_needs(loaded) for name, loaded in given.loaded.items()},
            caller=_without_own_needs(given.caller),
            loader=loaders.index(given.loader),
            libc=given.libc,
            missing=given.missing,
        )
        kept[facts] = _CachedRow(seen=seen, target=target, process=process)
    return cache.encode(_CachedRuntimes(loaders=loaders, rows=kept))


def _without_own_needs(loaded: Loaded) -> Loaded:
    """Return what is in a process without what it needs itself, for all of that is there."""
    binary = replace(
        loaded.binary, imports=(), exports=frozenset(), needed=(), version_needs=(), foreign=()
    )
    parent = _without_own_needs(loaded.parent) if loaded.parent is not None else None
    return replace(loaded, binary=binary, parent=parent)
