"""Check that a runtime gives what an extension needs: symbols, libraries, versions of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abi_probe.elf.hashes import left_undefined
from abi_probe.libc import other_libc, version_key
from abi_probe.model import ArtefactKind, Cause, Evidence, Objection
from abi_probe.stable_abi import exporters, lookup, newest_release
from abi_probe.symbol import symbol_help, symbol_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.loading.complaints import Unmet
    from abi_probe.loading.loader import Resolution
    from abi_probe.model import Artefact, Extension, ImportedSymbol, Target, VersionNeed


_MOST_SHOWN = 3  # names of a kind
_FOR_GLIBC = "a build for glibc (manylinux)"
_FOR_MUSL = "a build for musl (musllinux)"
_EXTRA = re.compile(r";.*\bextra\s*==")


def check_symbols(
    extension: Extension, link: Resolution | None, target: Target
) -> tuple[list[Objection], list[str]]:
    """Return objections for strong names that nobody gives, and warnings for weak ones."""
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
        elif not (_is_cpythons(symbol.name) or _all_is_here(link, target)):
            continue  # a name of the library that cannot be looked up; that one is spoken of
        else:
            objections.append(
                Objection(
                    cause=Cause.ABI_SYMBOL,
                    detail=f"{path} needs {symbol_words(symbol.name)}",
                    path=str(path),
                    symbol=symbol.name,
                    help=symbol_help(symbol.name),
                )
            )
    doubts = [f"{extension.path}: {', '.join(sorted(set(weak)))} will be missing (weak)"]
    return objections, doubts if weak else []


def _all_is_here(link: Resolution | None, target: Target) -> bool:
    """Whether every library that a name could come from has been looked at."""
    return target.evidence is not Evidence.TABLE and not (link and link.missing)


def _imports(
    extension: Extension, link: Resolution | None
) -> Iterator[tuple[object, ImportedSymbol]]:
    """Yield the names that an extension and the libraries loaded with it need."""
    for symbol in extension.binary.imports:
        yield extension.path, symbol
    for library in link.libraries if link else ():
        for symbol in library.binary.imports:
            yield library.path, symbol


def described_doubts(extension: Extension, target: Target) -> Iterator[str]:
    """Yield what stays open because a runtime is described and not here."""
    if target.exports is None:
        yield f"{target.name} is not here, and what it exports is not known"
        return
    yield f"{target.name} is not here: judged from CPython's table of symbols"
    newest = newest_release()
    if (target.version.major, target.version.minor) <= newest:
        return
    unpromised = sorted(
        symbol.name
        for symbol in extension.binary.imports
        if symbol.name in target.exports and lookup(symbol.name) is None
    )
    if unpromised:
        yield (
            f"{extension.path} needs {len(unpromised)} names outside the stable ABI"
            f" ({_some(unpromised)}):"
            f" known of {newest[0]}.{newest[1]}, not of {target.name}"
        )


def _is_cpythons(name: str) -> bool:
    """Whether some release of CPython has or had a name."""
    return lookup(name) is not None or bool(exporters(name))


def check_libraries(
    extension: Extension, link: Resolution, artefact: Artefact
) -> tuple[list[Objection], list[str]]:
    """Return objections for libraries that are nowhere, warnings for those to be brought."""
    objections: list[Objection] = []
    warnings = [
        f"{extension.path} needs {gap.name}, which must have been loaded before (it lies nearby)"
        for gap in link.assumed
    ]
    for gap in link.missing:
        if gap.name.startswith("libc.musl-"):
            objections.append(
                Objection(
                    cause=Cause.PLATFORM,
                    detail=f"{extension.path} is built for musl ({gap.name})",
                    path=str(extension.path),
                    help=_FOR_GLIBC,
                )
            )
        elif gap.trouble is None and _may_be_brought(extension, artefact):
            warnings.append(
                f"{extension.path} needs {gap.name}, which another distribution should bring"
            )
        else:
            trouble = gap.trouble or "which is not found"
            objections.append(
                Objection(
                    cause=Cause.LIBRARY,
                    detail=f"{extension.path} needs {gap.name}, {trouble}",
                    path=str(extension.path),
                    help=f"{gap.name} installed, or put into the wheel (auditwheel repair)",
                )
            )
    undefined, doubts = _check_foreign(extension, link, artefact)
    return objections + undefined, warnings + doubts


def _check_foreign(
    extension: Extension, link: Resolution, artefact: Artefact
) -> tuple[list[Objection], list[str]]:
    """Return objections to names of other libraries that nothing defines.

    Warnings where the Python code of the artefact, or what it requires, may have loaded a library
    that does: for all to see, or with names that are looked up late.
    """
    names = sorted({each.name for each in link.undefined})
    if not names:
        return [], []
    others = [each.binary.hashes for each in artefact.extensions]
    others += [binary.hashes for binary in artefact.libraries.values()]
    nowhere = left_undefined(names, others)
    elsewhere = [name for name in names if name not in nowhere or _requires_others(artefact)]
    warnings = [f"{extension.path} needs {_some(elsewhere)}, which another library must define"]
    objections = [
        Objection(
            cause=Cause.LIBRARY,
            detail=f"{each.needed_by.name} needs {each.name}, which no library loaded with it has",
            path=str(extension.path),
            symbol=each.name,
            help=f"linking with the library that defines {each.name}",
        )
        for each in link.undefined
        if each.name not in elsewhere
    ]
    return objections[:_MOST_SHOWN], warnings if elsewhere else []


def _some(names: list[str]) -> str:
    """Name the first few."""
    return ", ".join(names[:_MOST_SHOWN]) + (" and more" if len(names) > _MOST_SHOWN else "")


def _requires_others(artefact: Artefact) -> bool:
    """Return whether other distributions may have been loaded before a module.

    They are always installed with a distribution that requires them; those of an extra may not be.
    A folder of packages without metadata does not say what it requires.
    """
    if artefact.kind is ArtefactKind.SITE:
        return bool(artefact.sources)
    return any(_EXTRA.search(line) is None for line in artefact.requires)


def _may_be_brought(extension: Extension, artefact: Artefact) -> bool:
    """Whether a library may lie in another distribution that is not installed here.

    Only of a wheel, which stands alone, and only when it requires others and looks in a folder
    relative to itself.
    """
    relative = any(
        path.startswith(("$ORIGIN", "${ORIGIN}"))
        for path in (*extension.binary.rpath, *extension.binary.runpath)
    )
    return artefact.root is None and _requires_others(artefact) and relative


def check_versions(
    extension: Extension, link: Resolution | None, target: Target
) -> Iterator[Objection]:
    """Yield the versions of libc and of other libraries that are newer than those here.

    Of a runtime that is described, its glibc is all that is known.
    """
    if link is None and target.libc is not None:
        yield from _check_libc(extension, target, *target.libc)
    for path in link.stack if link else ():
        yield Objection(
            cause=Cause.PLATFORM,
            detail=(
                f"{path.name} asks for a stack that code can run on, which glibc gives no library"
                " from 2.41 on"
            ),
            path=str(extension.path),
            help="linking with -z noexecstack",
        )
    if link is not None:
        yield from _check_machine(extension, link)
    seen: set[tuple[str, str]] = set()
    for unmet in link.unmet if link else ():
        # The greatest version says it all: each includes the ones below it.
        family, _, _ = unmet.need.version.partition("_")
        if (unmet.need.library, family) in seen:
            continue
        seen.add((unmet.need.library, family))
        greatest = _greatest(unmet, link)
        yield _unmet(extension, greatest.need, str(greatest.provider), target)


def _check_machine(extension: Extension, link: Resolution) -> Iterator[Objection]:
    """Yield what loading asks of the processor and of threads that these do not give."""
    details = [
        f"{path.name} is for a newer processor than this machine's (x86-64-v2, v3 or v4)"
        for path in link.processor
    ]
    if link.thread_memory:
        details.append(
            f"{extension.path} and what it loads want {link.thread_memory} bytes at a fixed place"
            " of each thread, of which glibc keeps some 1,700 for what is loaded late; compile them"
            " with -ftls-model=global-dynamic"
        )
    for detail in details:
        yield Objection(cause=Cause.PLATFORM, detail=detail, path=str(extension.path))


def _check_libc(
    extension: Extension, target: Target, name: str, version: tuple[int, ...]
) -> Iterator[Objection]:
    """Yield the objection to an extension for another C library than is described, or a newer."""
    if other_libc(extension.binary, name):
        yield Objection(
            cause=Cause.PLATFORM,
            detail=f"{extension.path} is built for {'glibc' if name == 'musl' else 'musl'}",
            path=str(extension.path),
            help=_FOR_MUSL if name == "musl" else _FOR_GLIBC,
        )
    elif name == "glibc":
        named = [
            each for each in extension.binary.version_needs if each.version.startswith("GLIBC_2")
        ]
        newest = max(named, key=lambda need: version_key(need.version), default=None)
        if newest is not None and version_key(newest.version) > version:
            yield _unmet(extension, newest, "it", target)


def _greatest(unmet: Unmet, link: Resolution | None) -> Unmet:
    """Return the newest unmet version of the same library and family."""
    family, _, _ = unmet.need.version.partition("_")
    same = [
        other
        for other in (link.unmet if link else ())
        if other.need.library == unmet.need.library
        and other.need.version.partition("_")[0] == family
    ]
    return max(same, key=lambda other: version_key(other.need.version))


def _unmet(extension: Extension, need: VersionNeed, provider: str, target: Target) -> Objection:
    """Return the objection to one version that is not there."""
    have, helps = "", f"a newer {need.library}, or a build on an older system"
    if need.version.startswith("GLIBC_") and target.libc is not None:
        glibc = ".".join(map(str, target.libc[1]))
        have = f", this runtime has glibc {glibc}"
        helps = f"a newer system, or a build on glibc {glibc} or older (a manylinux image)"
    return Objection(
        cause=Cause.PLATFORM,
        detail=(
            f"{extension.path} needs {need.version} of {need.library}{have}"
            + ("" if have else f", which {provider} does not define")
        ),
        path=str(extension.path),
        help=helps,
    )
