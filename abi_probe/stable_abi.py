"""Answer what CPython promises and has exported, name by name.

Two facts are kept apart: in which version a name became stable (the promise, PEP 384), and which
releases really exported it (the present). The table behind both is generated; its head says from
what.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.model import SymbolClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OLDEST: Final = (3, 2)  # the first version with a stable ABI
_DEBUG_FEATURES: Final = ("Py_REF_DEBUG", "Py_TRACE_REFS")
# Up to 3.12 a build with `--with-trace-refs` renames its entry points, so that nothing else loads.
_TRACE_REFS_MARK: Final = "TraceRefs"
# How the names of others begin; the longer ones first.
_FOREIGN: Final = (
    (("_Graal", "Graal"), SymbolClass.GRAALPY),
    (("_HPy", "HPy"), SymbolClass.HPY),
    (("_PyPy", "PyPy", "_pypy_", "pypy_"), SymbolClass.PYPY),
)


_CACHED: Final = 1 << 14  # names; the extensions of a site ask for the same few again and again


class StableSymbol(Struct, frozen=True, kw_only=True):
    """A name of CPython's stable ABI.

    Attributes:
        name: as C sees it.
        added: the version in which it became part of the stable ABI.
        abi_only: kept for old binaries and for macros, and out of the limited API.
        feature: the C macro without which a runtime has no such name (`MS_WINDOWS`); None when
            all have it.
        data: it is a variable, not a function.
        first_exported: the first release that was seen to export it, (3, 6) for all that is
            older; None when none was (it is a name of Windows, or of a version to come).
    """

    name: str
    added: tuple[int, int]
    abi_only: bool
    feature: str | None
    data: bool
    first_exported: tuple[int, int] | None


@functools.lru_cache(maxsize=_CACHED)
def lookup(name: str) -> StableSymbol | None:
    """The entry of the stable ABI for a name, None where it promises nothing.

    Args:
        name: as C sees it.
    """
    entry = _stable().get(name)
    if entry is None:
        return None
    added, kind, feature = entry
    return StableSymbol(
        name=name,
        added=added,
        abi_only="abi-only" in kind,
        feature=feature,
        data="data" in kind,
        first_exported=next(iter(exporters(name)), None),
    )


@functools.lru_cache(maxsize=_CACHED)
def classify(name: str) -> SymbolClass:
    """Which C API a Pythonic name belongs to.

    Args:
        name: as C sees it; one that is not Pythonic is taken for a public one.
    """
    for beginnings, foreign in _FOREIGN:
        if name.startswith(beginnings):
            return foreign
    if _is_debug_only(name):
        return SymbolClass.DEBUG_ONLY
    if name in _stable():
        _, kind, _ = _stable()[name]
        return SymbolClass.STABLE_ABI_ONLY if "abi-only" in kind else SymbolClass.STABLE
    return _classify_outside(name)


def computed_floor(names: Iterable[str]) -> tuple[int, int] | None:
    """The first version that promises all of some names.

    Args:
        names: Pythonic names that an extension needs.

    Returns:
        A version, (3, 2) or later; None when a name is not of the stable ABI, so that no version
        promises it to another.
    """
    floor = _OLDEST
    for name in names:
        if name not in _stable() or _is_debug_only(name):
            return None
        floor = max(floor, _stable()[name][0])
    return floor


@functools.lru_cache(maxsize=_CACHED)
def exporters(name: str) -> tuple[tuple[int, int], ...]:
    """The releases of CPython that were seen to export a name, oldest first.

    Release builds with a GIL on Linux are meant; see the table's head for which they were.

    Args:
        name: as C sees it.
    """
    from abi_probe.stable_abi_table import RELEASES  # read when first asked: 85 kB

    present = _exported().get(name, 0)
    return tuple(release for bit, release in enumerate(RELEASES) if present >> bit & 1)


def exports_of(version: tuple[int, int]) -> frozenset[str] | None:
    """Every Pythonic name that a release of CPython was seen to export.

    Args:
        version: language version.

    Returns:
        The names, or None for a version that the table does not know.
    """
    from abi_probe.stable_abi_table import RELEASES

    if version not in RELEASES:
        return None
    bit = 1 << RELEASES.index(version)
    return frozenset(name for name, present in _exported().items() if present & bit)


def newest_release() -> tuple[int, int]:
    """The newest version of CPython whose exported names the table has."""
    from abi_probe.stable_abi_table import RELEASES

    return RELEASES[-1]


def table_exports(
    version: tuple[int, int], *, debug: bool, free_threaded: bool, windows: bool
) -> frozenset[str]:
    """Every Pythonic name that a build of CPython is taken to export, from the table alone.

    Args:
        version: language version. One between or beyond those that the table was made from is
            taken to export what the nearest older one there does, and what became stable by then.
        debug: built with `Py_DEBUG`.
        free_threaded: built with `Py_GIL_DISABLED`.
        windows: built for Windows.
    """
    from abi_probe.stable_abi_table import RELEASES

    nearest = max((each for each in RELEASES if each <= version), default=RELEASES[0])
    names = set(exports_of(nearest) or ())
    # What the table's releases, all on Linux, could not show: names to come, names of Windows.
    names |= {
        name
        for name, (added, _, feature) in _stable().items()
        if (added <= version and added > nearest and feature is None)
        # Those of Windows were there long before they became stable, as wheels for 3.6 show.
        or (windows and feature == "MS_WINDOWS")
        or (windows and feature == "PY_HAVE_THREAD_NATIVE_ID" and added <= version)
    }
    if windows:
        names -= {name for name, (*_, feature) in _stable().items() if feature == "HAVE_FORK"}
    if debug:
        names |= _debug_only()
        names |= {name for name, (*_, feature) in _stable().items() if feature == "Py_REF_DEBUG"}
    if free_threaded:
        names |= _free_threaded_only()
    return frozenset(names)


def _is_debug_only(name: str) -> bool:
    _, _, feature = _stable().get(name, (None, None, None))
    return feature in _DEBUG_FEATURES or name in _debug_only() or name.endswith(_TRACE_REFS_MARK)


def _classify_outside(name: str) -> SymbolClass:
    """The class of a name of CPython that the stable ABI does not hold."""
    if name in _free_threaded_only():
        return SymbolClass.FREETHREADED_ONLY
    if name.startswith("PyUnstable_"):
        return SymbolClass.UNSTABLE
    if name.startswith("_"):
        return SymbolClass.PRIVATE if _stayed(name) else SymbolClass.INTERNAL
    return SymbolClass.PUBLIC


def _stayed(name: str) -> bool:
    """Whether every release from the first with this name on exports it."""
    from abi_probe.stable_abi_table import RELEASES

    present = _exported().get(name, 0)
    # The bits from the lowest to the highest release form 1...10...0: adding the lowest carries
    # through all of them.
    return present != 0 and present + (present & -present) == 1 << len(RELEASES)


@functools.cache
def _stable() -> Mapping[str, tuple[tuple[int, int], str, str | None]]:
    """For each stable name its version, the words for its kind, and the macro it depends on."""
    from abi_probe.stable_abi_table import STABLE

    return {
        name: (added, kind, feature)
        for added, kind, feature, names in STABLE
        for name in names.split()
    }


@functools.cache
def _exported() -> Mapping[str, int]:
    """For each name the releases that export it, as bits in the order of the table."""
    from abi_probe.stable_abi_table import EXPORTED

    return {name: present for present, names in EXPORTED for name in names.split()}


@functools.cache
def _debug_only() -> frozenset[str]:
    from abi_probe.stable_abi_table import DEBUG_ONLY

    return frozenset(DEBUG_ONLY.split())


@functools.cache
def _free_threaded_only() -> frozenset[str]:
    from abi_probe.stable_abi_table import FREE_THREADED_ONLY

    return frozenset(FREE_THREADED_ONLY.split())
