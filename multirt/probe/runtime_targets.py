"""What the runtimes give to extensions, remembered from one run to the next."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING

from msgspec.structs import replace

from abi_probe import AcceptedTags, Prospect, noticing
from multirt.environments.abi_target import prospect_of
from multirt.probe.fact_store import Witnesses, changeable
from multirt.probe.unpickling import unpickle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from abi_probe import Binary, Loaded
    from multirt.probe.report_cache import Answers
    from runtimes import Runtime
    from runtimes.storage.fingerprint import Fingerprints


def prospects_of(
    runtimes: Sequence[Runtime], answers: Answers, env: Mapping[str, str]
) -> tuple[list[Prospect], Fingerprints]:
    """Return the runtimes as targets, and the paths that these rest on.

    Args:
        runtimes: in the order in which they are wanted.
        answers: whose store remembers them.
        env: the environment that they start in.
    """
    name = file_name(answers)
    known = _remembered(answers.store.load(name))
    kept: dict[str, tuple[Fingerprints, Prospect]] = {}
    fresh = False
    for facts, runtime in zip(answers.runtimes, runtimes, strict=False):
        row = known.get(facts)
        if row is None or not answers.witnesses.hold(row[0]):
            fresh = True
            row = _read(runtime, env)
        kept[facts] = row
    if fresh and not any(changeable(rows) for rows, _ in kept.values()):
        sharing = _Sharing()
        rows_of = {**known, **kept}
        shared = {facts: (seen, sharing.prospect(each)) for facts, (seen, each) in rows_of.items()}
        answers.store.save(name, pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL))
    rows = {path: then for rows, _ in kept.values() for path, then in rows.items()}
    return [prospect for _, prospect in kept.values()], rows


def file_name(answers: Answers) -> str:
    """Return the name under which the runtimes are remembered."""
    return f"prospects-{answers.code}.pickle"


def _read(runtime: Runtime, env: Mapping[str, str]) -> tuple[Fingerprints, Prospect]:
    """Read a runtime's executable and libraries."""
    witnesses = Witnesses()
    with noticing(witnesses):
        return witnesses.seen, prospect_of(runtime, env)


def _remembered(content: bytes | None) -> dict[str, tuple[Fingerprints, Prospect]]:
    """Return what is remembered, by the facts of each runtime."""
    try:
        value = unpickle(content) if content is not None else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Sharing:
    """Makes prospects lean, and what is equal in them one object, so that it is kept once."""

    def __init__(self) -> None:
        self._platforms: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._libraries: dict[Loaded, Loaded] = {}
        self._binaries: dict[Binary, Binary] = {}

    def prospect(self, prospect: Prospect) -> Prospect:
        """Return a prospect that judges as the given one does."""
        target, given = prospect.target, prospect.given
        exports = _interned(target.exports) if target.exports is not None else None
        if given is not None:
            given = replace(
                given,
                exports=_interned(given.exports) if exports is None else exports,  # the same names
                program=self._lean(given.program),
                caller=self._lean(given.caller),
                loaded={name: self._lean(loaded) for name, loaded in given.loaded.items()},
            )
        target = replace(target, exports=exports, tags=self._tags(target.tags))
        return Prospect(target=target, given=given)

    def _tags(self, tags: AcceptedTags) -> AcceptedTags:
        return AcceptedTags(
            rows=tuple(
                (sys.intern(interpreter), sys.intern(abi), self._platforms.setdefault(each, each))
                for interpreter, abi, each in tags.rows
            )
        )

    def _lean(self, loaded: Loaded) -> Loaded:
        """Return what is in a process without what it needs itself, for all of that is there."""
        binary = replace(
            loaded.binary, imports=(), exports=frozenset(), needed=(), version_needs=(), foreign=()
        )
        parent = self._lean(loaded.parent) if loaded.parent is not None else None
        lean = replace(loaded, binary=self._binaries.setdefault(binary, binary), parent=parent)
        return self._libraries.setdefault(lean, lean)


def _interned(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(sys.intern, names))
