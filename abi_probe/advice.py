"""Say what an author can do with an extension: what hinders the stable ABI, what to declare."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.limited_api_alternatives import REPLACEMENTS
from abi_probe.model import ClaimKind, SymbolClass
from abi_probe.stable_abi import classify, lookup
from abi_probe.symbol_names import is_init_function
from abi_probe.verdict import JudgedWarning, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.model import Extension, Target

_MULTIPLE_INTERPRETERS: Final = 3  # Py_mod_multiple_interpreters
_OWN_GIL: Final = 2  # Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
_NO_INTERPRETERS: Final = 0  # Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
_GIL: Final = 4  # Py_mod_gil
_GIL_NOT_USED: Final = 1  # Py_MOD_GIL_NOT_USED
_SETS_GIL: Final = "PyUnstable_Module_SetGIL"
_STABLE_DLLS: Final = frozenset({"python3.dll", "python3t.dll"})  # no file name of Windows says it


class Abi3Readiness(StrEnum):
    """Whether one file of one version could be one of the stable ABI, as far as names tell.

    Never more than likely: access to the inside of structures leaves no name.
    """

    LIKELY = "likely"  # only stable names, and signs of having been built with the limited API
    POSSIBLE = "possible"  # only stable names
    NO = "no"  # the hindrances say why


class Blocker(Struct, frozen=True, kw_only=True):
    """A name that keeps an extension from the stable ABI.

    Attributes:
        symbol: the name.
        symbol_class: which API it belongs to.
        instead: what the limited API has for it; None where nothing is known.
    """

    symbol: str
    symbol_class: SymbolClass
    instead: str | None


class Advice(Struct, frozen=True, kw_only=True):
    """What can be said to an extension's author.

    Attributes:
        promotable: None for what is of the stable ABI already, or of no CPython.
        hindrances: the names in the way, sorted; empty where it is promotable.
        hints: on sub-interpreters, the GIL and debug builds, one sentence each.
        classes: how many names it needs of each class.
        slots: what its definition declares; None where the file does not show it.
    """

    promotable: Abi3Readiness | None
    hindrances: tuple[Blocker, ...]
    hints: tuple[str, ...]
    classes: dict[SymbolClass, int]
    slots: Slots | None


def advise(extension: Extension) -> Advice:
    """Return what an extension's author may want to know."""
    names = sorted({symbol.name for symbol in extension.binary.imports if not symbol.weak})
    classes: dict[SymbolClass, int] = {}
    for name in names:
        classes[classify(name)] = classes.get(classify(name), 0) + 1
    hindrances = tuple(
        Blocker(symbol=name, symbol_class=classify(name), instead=REPLACEMENTS.get(name))
        for name in names
        if lookup(name) is None or classify(name) is SymbolClass.DEBUG_ONLY
    )
    return Advice(
        promotable=_abi3_readiness(extension, frozenset(names), hindrances),
        hindrances=hindrances,
        hints=tuple(_hints(extension, frozenset(names))),
        classes=classes,
        slots=slots_of(extension),
    )


class Slots(Struct, frozen=True, kw_only=True):
    """What a module's definition declares; None where it declares nothing.

    Attributes:
        kinds: the number of each slot, in their order.
        gil: `used` or `not-used` (Py_mod_gil).
        interpreters: `not-supported`, `supported`, or `own-gil` (Py_mod_multiple_interpreters).
    """

    kinds: tuple[int, ...]
    gil: str | None
    interpreters: str | None


def slots_of(extension: Extension) -> Slots | None:
    """Return what a multi-phase module declares; None where the file does not show slots."""
    definition = extension.definition
    if definition is None or not definition.slots:
        return None
    values = {slot.kind: slot.value for slot in definition.slots}
    gil = {0: "used", _GIL_NOT_USED: "not-used"}
    interpreters = {_NO_INTERPRETERS: "not-supported", 1: "supported", _OWN_GIL: "own-gil"}
    return Slots(
        kinds=tuple(slot.kind for slot in definition.slots),
        gil=gil.get(values[_GIL]) if _GIL in values else None,
        interpreters=(
            interpreters.get(values[_MULTIPLE_INTERPRETERS])
            if _MULTIPLE_INTERPRETERS in values
            else None
        ),
    )


def _abi3_readiness(
    extension: Extension, names: frozenset[str], hindrances: tuple[Blocker, ...]
) -> Abi3Readiness | None:
    """Say whether a file of one version could be of the stable ABI."""
    if extension.claim.kind not in {ClaimKind.VERSION, ClaimKind.GENERIC} or not names:
        return None
    if _STABLE_DLLS & {library.lower() for library in extension.binary.needed}:
        return None
    if hindrances:
        return Abi3Readiness.NO
    # Since the limited API of 3.12, Py_DECREF is a call of the first and never of the second.
    limited = "_Py_DecRef" in names and "_Py_Dealloc" not in names
    return Abi3Readiness.LIKELY if limited else Abi3Readiness.POSSIBLE


def _hints(extension: Extension, names: frozenset[str]) -> Iterator[str]:
    """Yield what a module leaves undeclared."""
    definition = extension.definition
    single = is_single_phase(extension)
    if single:
        yield "single-phase initialisation: never loads in an isolated sub-interpreter" + (
            ""
            if _SETS_GIL in names
            else f", and turns the GIL on in free-threaded builds, for it never calls {_SETS_GIL}"
        )
    elif definition is not None and definition.slots:
        values = {slot.kind: slot.value for slot in definition.slots}
        interpreters = values.get(_MULTIPLE_INTERPRETERS)
        if interpreters == _NO_INTERPRETERS:
            yield "says that it does not support sub-interpreters"
        elif interpreters != _OWN_GIL:
            yield "does not say that it supports sub-interpreters with a GIL of their own"
        if values.get(_GIL) != _GIL_NOT_USED:
            yield "does not say that it works without the GIL: it turns it on in such builds"
    if any(classify(name) is SymbolClass.DEBUG_ONLY for name in names):
        yield "is of a debug build: release builds do not load it"


def is_single_phase(extension: Extension) -> bool:
    """Whether a module makes itself in its init function (PEP 489 calls it single-phase)."""
    names = {symbol.name for symbol in extension.binary.imports}
    modexport = any(
        is_init_function(name) and name.startswith("PyModExport")
        for name in extension.binary.exports
    )
    return not modexport and bool(names & _CREATE) and "PyModuleDef_Init" not in names


_CREATE: Final = frozenset({"PyModule_Create2", "PyModule_Create2TraceRefs", "Py_InitModule4_64"})


def gil_warning(extension: Extension, target: Target) -> JudgedWarning | None:
    """Say that importing a module turns the GIL on in a free-threaded build; None otherwise."""
    if not target.free_threaded or target.implementation != "cpython":
        return None
    names = {symbol.name for symbol in extension.binary.imports}
    if is_single_phase(extension):
        declared = _SETS_GIL in names
    else:
        definition = extension.definition
        if definition is None or not definition.slots:
            return None
        values = {slot.kind: slot.value for slot in definition.slots}
        declared = values.get(_GIL) == _GIL_NOT_USED
    if declared:
        return None
    subject = str(extension.path)
    detail = f"{subject} turns the GIL on when it is imported"
    return JudgedWarning(kind=WarningKind.GIL, detail=detail, subject=subject)
