"""Check that a runtime exports the symbols of Python that an extension needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe.model import Evidence
from abi_probe.stable_abi import exporters, lookup, newest_release
from abi_probe.symbol_text import symbol_description, symbol_help
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.model import Extension, ImportedSymbol, Target

_MOST_SHOWN = 3  # names in one sentence


def check_symbols(
    extension: Extension, link: LinkResult | None, target: Target
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections for strong names that are not exported, and warnings for weak ones."""
    if target.exports is None:
        return [], []
    objections: list[Objection] = []
    weak: list[str] = []
    own = link.defined if link else extension.binary.exports
    for path, symbol in _imports(extension, link):
        if symbol.name in target.exports or symbol.name in own:
            continue
        if symbol.weak:
            weak.append(symbol.name)
        elif not (_is_cpythons(symbol.name) or _is_closed_world(link, target)):
            continue  # a name of the library that cannot be looked up; that one is spoken of
        else:
            objections.append(
                Objection(
                    cause=Cause.ABI_SYMBOL,
                    need=f"{path} needs {symbol_description(symbol.name)}",
                    path=str(path),
                    symbol=symbol.name,
                    help=symbol_help(symbol.name),
                )
            )
    if not weak:
        return objections, []
    detail = f"{extension.path}: {', '.join(sorted(set(weak)))} will be missing (weak)"
    return objections, [_warning(WarningKind.SYMBOL, extension, detail)]


def _is_closed_world(link: LinkResult | None, target: Target) -> bool:
    """Whether every library that a name could come from has been looked at."""
    return target.evidence is not Evidence.TABLE and not (link and link.missing)


def _imports(
    extension: Extension, link: LinkResult | None
) -> Iterator[tuple[object, ImportedSymbol]]:
    """Yield the names that an extension and the libraries loaded with it need."""
    for symbol in extension.binary.imports:
        yield extension.path, symbol
    for library in link.libraries if link else ():
        for symbol in library.binary.imports:
            yield library.path, symbol


def described_doubts(extension: Extension, target: Target) -> Iterator[JudgedWarning]:
    """Yield what stays open because a runtime is described and not here."""
    if target.exports is None:
        detail = f"{target.name} is not here, and what it exports is not known"
        yield JudgedWarning(kind=WarningKind.TABLE, detail=detail)
        return
    detail = f"{target.name} is not here: judged from CPython's table of symbols"
    yield JudgedWarning(kind=WarningKind.TABLE, detail=detail)
    newest = newest_release()
    if (target.version.major, target.version.minor) <= newest:
        return
    unpromised = sorted(
        symbol.name
        for symbol in extension.binary.imports
        if symbol.name in target.exports and lookup(symbol.name) is None
    )
    if unpromised:
        detail = (
            f"{extension.path} needs {len(unpromised)} names outside the stable ABI"
            f" ({first_few(unpromised)}): known of {newest[0]}.{newest[1]}, not of {target.name}"
        )
        yield _warning(WarningKind.SYMBOL, extension, detail)


def _is_cpythons(name: str) -> bool:
    """Whether some release of CPython has or had a name."""
    return lookup(name) is not None or bool(exporters(name))


def _warning(kind: WarningKind, extension: Extension, detail: str) -> JudgedWarning:
    """Return a warning about a file."""
    return JudgedWarning(kind=kind, detail=detail, subject=str(extension.path))


def first_few(names: Sequence[str]) -> str:
    """Return the first few of some names, for a sentence."""
    return ", ".join(names[:_MOST_SHOWN]) + (" and more" if len(names) > _MOST_SHOWN else "")
