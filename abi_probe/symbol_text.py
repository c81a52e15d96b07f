"""Say in words what is known of a name of the C API, and what would do without it."""

from __future__ import annotations

from typing import Final

from abi_probe.build_kind import WITH_GIL
from abi_probe.limited_api_alternatives import REPLACEMENTS
from abi_probe.model import SymbolClass
from abi_probe.stable_abi import classify, exporters, lookup

_OLDEST_SEEN: Final = (3, 6)  # the oldest release that the table was made from
_BY_ITS_OWN: Final = "a build by the runtime, or a newer one of its kind"
_BUILDS: Final = {
    SymbolClass.DEBUG_ONLY: "a build by a release Python",
    SymbolClass.FREETHREADED_ONLY: WITH_GIL,
    SymbolClass.PYPY: _BY_ITS_OWN,
    SymbolClass.GRAALPY: _BY_ITS_OWN,
    SymbolClass.HPY: _BY_ITS_OWN,
}


def symbol_description(name: str) -> str:
    """Describe a symbol: its class, when it became stable, which releases export it."""
    known = lookup(name)
    parts = [f"{name} ({_class_text(classify(name))}"]
    if known is not None:
        parts.append(f"stable since {known.added[0]}.{known.added[1]}")
    releases = exporters(name)
    if releases:
        first, last = releases[0], releases[-1]
        older = " or earlier" if first == _OLDEST_SEEN else ""
        parts.append(f"exported by {first[0]}.{first[1]}{older} to {last[0]}.{last[1]}")
    else:
        parts.append("not on Linux" if known is not None else "exported by no release of CPython")
    return ", ".join(parts) + ")"


def _class_text(kind: SymbolClass) -> str:
    """Name a class of symbols for people."""
    match kind:
        case SymbolClass.STABLE | SymbolClass.STABLE_ABI_ONLY:
            return "stable ABI"
        case SymbolClass.PUBLIC:
            return "public, not stable"
        case SymbolClass.DEBUG_ONLY:
            return "debug builds only"
        case SymbolClass.FREETHREADED_ONLY:
            return "free-threaded builds only"
        case _:
            return kind.value


def symbol_help(name: str) -> str:
    """Say what a file could do that needs a name which a runtime does not give.

    Args:
        name: as C sees it.
    """
    kind, known = classify(name), lookup(name)
    if name in REPLACEMENTS:
        return f"in place of {name}: {REPLACEMENTS[name]}"
    if kind in _BUILDS:
        return _BUILDS[kind]
    if known is not None:
        newer = f"{known.added[0]}.{known.added[1]}"
        return f"a build that does without {name}, or Python {newer} or newer"
    if exporters(name):
        return "a build with the limited API (Py_LIMITED_API), or one for each version"
    return f"the library that defines {name}"


def promise_help(name: str) -> str:
    """Say what would let a file keep its promise of the stable ABI.

    Args:
        name: one that the promised floor does not have.
    """
    if name in REPLACEMENTS:
        return f"in place of {name}: {REPLACEMENTS[name]}"
    kind, known = classify(name), lookup(name)
    if known is None or kind is SymbolClass.DEBUG_ONLY:
        return "a build with Py_LIMITED_API set, whose headers do not declare it"
    return f"a build that does without {name}, or a tag of cp{known.added[0]}{known.added[1]}"
