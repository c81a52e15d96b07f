"""What the runtimes give to extensions, remembered from one run to the next."""

from __future__ import annotations

import pickle
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from abi_probe import AcceptedTags, Prospect, noticing
from multirt.probing.store import Witnesses, changeable
from multirt.probing.unpickling import unpickle
from multirt.targets import prospect_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.probing.answers import Answers
    from runtimes import Runtime, Signature

Rows = dict[str, "Signature | None"]


def prospects_of(runtimes: Sequence[Runtime], answers: Answers) -> tuple[list[Prospect], Rows]:
    """Return the runtimes as targets, and the paths that these rest on.

    Args:
        runtimes: in the order in which they are wanted.
        answers: whose store remembers them.
    """
    name = f"prospects-{answers.code}.pickle"
    known = _remembered(answers.store.load(name))
    kept: dict[str, tuple[Rows, Prospect]] = {}
    fresh = False
    for facts, runtime in zip(answers.runtimes, runtimes, strict=False):
        row = known.get(facts)
        if row is None or not answers.witnesses.hold(row[0].items()):
            fresh = True
            row = _read(runtime)
        kept[facts] = row
    if fresh and not any(changeable(rows) for rows, _ in kept.values()):
        shared = _shared({**known, **kept})
        answers.store.save(name, pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL))
    rows = {path: then for rows, _ in kept.values() for path, then in rows.items()}
    return [prospect for _, prospect in kept.values()], rows


def _read(runtime: Runtime) -> tuple[Rows, Prospect]:
    """Read a runtime's executable and libraries."""
    witnesses = Witnesses()
    with noticing(witnesses):
        return witnesses.seen, prospect_of(runtime)


def _remembered(content: bytes | None) -> dict[str, tuple[Rows, Prospect]]:
    """Return what is remembered, by the facts of each runtime."""
    try:
        value = unpickle(content) if content is not None else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _shared(rows: dict[str, tuple[Rows, Prospect]]) -> dict[str, tuple[Rows, Prospect]]:
    """Return the same with equal names and lists of platforms being one object, kept once."""
    lists: dict[tuple[str, ...], tuple[str, ...]] = {}
    return {facts: (seen, _one(prospect, lists)) for facts, (seen, prospect) in rows.items()}


def _one(prospect: Prospect, lists: dict[tuple[str, ...], tuple[str, ...]]) -> Prospect:
    target, given = prospect.target, prospect.given
    tags = AcceptedTags(
        rows=tuple(
            (sys.intern(interpreter), sys.intern(abi), lists.setdefault(platforms, platforms))
            for interpreter, abi, platforms in target.tags.rows
        )
    )
    exports = _interned(target.exports) if target.exports is not None else None
    if given is not None and exports is not None:  # they are the same names
        given = replace(given, exports=exports)
    return Prospect(target=replace(target, exports=exports, tags=tags), given=given)


def _interned(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(sys.intern, names))
