"""Hold what a stable-ABI tag promises against what its binaries need."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe.libc import newest_glibc
from abi_probe.model import ClaimKind, Evidence, SymbolClass, Violation
from abi_probe.stable_abi import classify, computed_floor, exporters, lookup
from abi_probe.symbol_text import promise_help, symbol_description

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abi_probe.model import Artifact, Extension, Target

# Since then Py_DECREF is a call of _Py_DecRef in the limited API.
_DECREF_IS_A_CALL = (3, 12)
_STABLE_CLAIMS = {ClaimKind.ABI3, ClaimKind.ABI3T, ClaimKind.ABI3_ABI3T}
_STABLE_ABIS = {"abi3", "abi3t"}
# The keys of the JSON contract, and the classes that each one counts.
_COUNTED = {
    "stable": {SymbolClass.STABLE, SymbolClass.STABLE_ABI_ONLY},
    "unstable": {SymbolClass.PUBLIC, SymbolClass.UNSTABLE},
    "private": {SymbolClass.PRIVATE},
    "internal": {
        SymbolClass.INTERNAL,
        SymbolClass.DEBUG_ONLY,
        SymbolClass.FREETHREADED_ONLY,
    },
}


class StableAbiReport(Struct, frozen=True, kw_only=True):
    """One extension: what is promised for it and what it keeps.

    Attributes:
        declared_floor: the oldest CPython that the wheel's stable-ABI tag names, (3, 8); None
            when the tag is of another kind.
        computed_floor: the first version whose stable ABI has every name that it needs; None when
            some name is in none, so that no later version is promised.
        libc_floor: the glibc that it needs, `2.28`; None when it names none.
        symbols: how many names of each kind it needs: `stable`, `unstable` (public and outside
            the stable ABI), `private`, `internal`, `unknown` (of no CPython that was seen).
        violations: names that break the promise.
        warnings: names that became stable later than the floor and that it exports all the same;
            where tag, file name and machine code speak of different ABIs.
    """

    declared_floor: tuple[int, int] | None
    computed_floor: tuple[int, int] | None
    libc_floor: str | None
    symbols: dict[str, int]
    violations: tuple[Violation, ...]
    warnings: tuple[str, ...]


def check_stable_abi(extension: Extension, artifact: Artifact) -> StableAbiReport:
    """Hold one extension against its wheel's tag, or against its file name when there is none.

    Names that the artifact itself defines are never findings, nor are weak ones.
    """
    named = {symbol.name for symbol in extension.binary.imports if not symbol.weak}
    needed = sorted(named - _own(artifact))
    cpythons = [name for name in needed if not _is_unknown(name)]
    floor = declared_floor(artifact)
    violations: tuple[Violation, ...] = ()
    warnings = tuple(_disagreements(extension, artifact, frozenset(needed)))
    if is_promised(extension, artifact):
        violations = tuple(_violations(extension, cpythons, floor))
        warnings += tuple(_late(extension, cpythons, floor))
    return StableAbiReport(
        declared_floor=floor,
        computed_floor=computed_floor(cpythons),
        libc_floor=_libc_floor(extension),
        symbols=_counts(needed),
        violations=violations,
        warnings=warnings,
    )


def first_exporter(
    extension: Extension, artifact: Artifact, targets: Iterable[Target]
) -> Target | None:
    """Return the oldest CPython of its kind that really gives every name an extension needs.

    Args:
        extension: whose names count; its own format, machine and kind of threads are asked for.
            A file for abi3t serves both kinds, where the runtime looks for its name.
        artifact: what it belongs to, whose own names are given too.
        targets: the runtimes here; described ones prove nothing and are passed over.
    """
    claim, binary = extension.claim, extension.binary
    both = claim.kind in {ClaimKind.ABI3T, ClaimKind.ABI3_ABI3T} and not claim.free_threaded
    needed = {each.name for each in extension.binary.imports if not each.weak} - _own(artifact)
    fitting = [
        target
        for target in targets
        if target.implementation == "cpython"
        and (both or target.free_threaded is claim.free_threaded)
        and (not both or claim.text in target.suffixes)
        and target.format is binary.format
        and target.machine in binary.machines
        and target.evidence is Evidence.RUNTIME
        and target.exports is not None
        and needed <= target.exports
    ]
    return min(fitting, key=lambda target: (target.version, target.debug), default=None)


def _own(artifact: Artifact) -> frozenset[str]:
    """Return the names that an artifact defines itself."""
    return frozenset().union(
        *(binary.exports for binary in artifact.libraries.values()),
        *(other.binary.exports for other in artifact.extensions),
    )


def is_promised(extension: Extension, artifact: Artifact) -> bool:
    """Whether a stable ABI is promised for an extension, by a tag or else by its name."""
    if artifact.tags:
        return any(tag.abi in _STABLE_ABIS for tag in artifact.tags)
    return extension.claim.kind in _STABLE_CLAIMS


def declared_floor(artifact: Artifact) -> tuple[int, int] | None:
    """Return the oldest CPython that a stable-ABI tag of an artifact names."""
    floors = [
        (int(tag.interpreter[2]), int(tag.interpreter[3:]))
        for tag in artifact.tags
        if tag.abi in _STABLE_ABIS
        and tag.interpreter.startswith("cp")
        and tag.interpreter[2:].isdigit()
        and len(tag.interpreter) > len("cp3")
    ]
    return min(floors, default=None)


@functools.lru_cache(maxsize=1 << 14)  # a site asks for the same names again and again
def _is_unknown(name: str) -> bool:
    """Whether a name is none of CPython's, so that it must come from somewhere else."""
    named = classify(name) in {SymbolClass.DEBUG_ONLY, SymbolClass.FREETHREADED_ONLY}
    return not (named or lookup(name) or exporters(name))


def _violations(
    extension: Extension, names: list[str], floor: tuple[int, int] | None
) -> Iterator[Violation]:
    """Yield the names that are not stable, or that the declared floor does not have."""
    for name in names:
        known = lookup(name)
        kind = classify(name)
        if known is None or kind is SymbolClass.DEBUG_ONLY:
            reason = f"{symbol_description(name)}, which is outside the stable ABI"
        elif floor is not None and known.added > floor and not _exported_since(name, floor):
            reason = (
                f"{symbol_description(name)}, which is newer than the floor {floor[0]}.{floor[1]}"
            )
        else:
            continue
        first = next(iter(exporters(name)), None)
        yield Violation(
            path=str(extension.path),
            symbol=name,
            symbol_class=kind,
            added=f"{known.added[0]}.{known.added[1]}" if known else None,
            first_exported=f"{first[0]}.{first[1]}" if first else None,
            reason=reason,
            help=promise_help(name),
        )


def _late(extension: Extension, names: list[str], floor: tuple[int, int] | None) -> Iterator[str]:
    """Yield the names that became stable after the floor, which exports them all the same."""
    for name in names:
        known = lookup(name)
        if known and floor and known.added > floor and _exported_since(name, floor):
            yield (
                f"{extension.path} needs {name}, stable only since"
                f" {known.added[0]}.{known.added[1]}; every release from"
                f" {floor[0]}.{floor[1]} on exports it"
            )


def _disagreements(
    extension: Extension, artifact: Artifact, needed: frozenset[str]
) -> Iterator[str]:
    """Yield where a wheel's tag and its machine code do not agree."""
    floor = declared_floor(artifact)
    if floor is not None and floor >= _DECREF_IS_A_CALL and "_Py_Dealloc" in needed:
        yield (
            f"{extension.path} needs _Py_Dealloc: it was not built with the limited API of"
            f" {floor[0]}.{floor[1]} that its tag claims"
        )


def _exported_since(name: str, floor: tuple[int, int]) -> bool:
    """Whether every release from a floor on, up to where the name is stable, exports it."""
    known = lookup(name)
    if known is None:
        return False
    needed = {(3, minor) for minor in range(max(floor[1], 6), known.added[1])}
    return needed <= set(exporters(name))


def _libc_floor(extension: Extension) -> str | None:
    """Return the newest glibc that an extension names."""
    newest = newest_glibc(extension.binary)
    return ".".join(map(str, newest)) if newest is not None else None


def _counts(names: list[str]) -> dict[str, int]:
    """Count names by the keys of the JSON contract."""
    counts = dict.fromkeys((*_COUNTED, "unknown"), 0)
    for name in names:
        counts[_key(name)] += 1
    return counts


@functools.lru_cache(maxsize=1 << 14)
def _key(name: str) -> str:
    """Return the key under which a name is counted."""
    kind = classify(name)
    key = next((key for key, kinds in _COUNTED.items() if kind in kinds), "unknown")
    return "unknown" if _is_unknown(name) else key
