"""Check that the kind of ABI that an extension was built for is the runtime's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abi_probe.model import Cause, ClaimKind, Objection
from abi_probe.names import possible_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.model import Artefact, Extension, Target

# The first version whose import system knows `PyModExport_` (PEP 793).
_MODEXPORT_SINCE = (3, 15)
# What a macro of a free-threaded build's headers leaves in a binary, and what a GIL build's does.
_FREE_THREADED_MARKS = frozenset({"_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"})
_GIL_MARK = "_Py_Dealloc"
_PYTHON_DLL = re.compile(
    r"python(?P<major>\d)(?P<minor>\d*)(?P<t>t?)(?P<d>_d)?\.dll", re.IGNORECASE
)


def check_hook(extension: Extension, target: Target) -> Iterator[Objection]:
    """Yield the objection to a module whose init function the runtime does not look for."""
    name = extension.module.rpartition(".")[2]
    current, modexport, hpy, cffi_pypy, python2 = possible_hooks(name)
    exports = extension.binary.exports
    version = (target.version.major, target.version.minor)
    own = current if version >= (3, 0) else python2
    usable = {own}
    if version >= _MODEXPORT_SINCE and target.implementation == "cpython":
        usable.add(modexport)
    if target.implementation == "pypy":
        usable |= {cffi_pypy, hpy}
    if target.implementation == "graalpy":
        usable.add(hpy)
    if not usable & exports:
        there = sorted({current, modexport, hpy, cffi_pypy, python2} & exports)
        yield Objection(
            cause=Cause.ABI_HOOK,
            detail=f"{extension.path} has {' and '.join(there)}, not {own}",
            path=str(extension.path),
            symbol=there[0],
        )


def abi_kind(
    extension: Extension, artefact: Artefact, target: Target
) -> tuple[list[Objection], list[str]]:
    """Return objections and warnings on the build that an extension is for."""
    reason = _other_build(extension, target) or _other_dll(extension, target)
    if reason is not None:
        return [
            Objection(
                cause=Cause.ABI_KIND,
                detail=f"{extension.path} {reason}",
                path=str(extension.path),
            )
        ], []
    return [], list(_doubts(extension, artefact, target))


def _other_build(extension: Extension, target: Target) -> str | None:
    """Say for which other kind of build a file is, None when nothing shows that it is."""
    claim = extension.claim
    version = (target.version.major, target.version.minor)
    names = {symbol.name for symbol in extension.binary.imports}
    if claim.kind is ClaimKind.VERSION and target.implementation == "cpython":
        if claim.version is not None and claim.version != version:
            return f"is built for {claim.version[0]}.{claim.version[1]} only"
        if claim.free_threaded is not target.free_threaded:
            return _threads(free_threaded=claim.free_threaded)
    if target.free_threaded and claim.kind is ClaimKind.ABI3:
        return (
            f"is for the stable ABI of builds with a GIL; {target.name} looks at it and crashes."
            " Build one for this version, or for abi3t from 3.15 on"
        )
    if target.free_threaded and _GIL_MARK in names and not names & _FREE_THREADED_MARKS:
        # abi3t files call a function for it, so only GIL builds' macros leave this name.
        return _threads(free_threaded=False)
    if not target.free_threaded and names & _FREE_THREADED_MARKS:
        return _threads(free_threaded=True)
    return None


def _threads(*, free_threaded: bool) -> str:
    """Name the builds that a file is for."""
    return f"is built for {'free-threaded builds' if free_threaded else 'builds with a GIL'}"


def _other_dll(extension: Extension, target: Target) -> str | None:
    """Say for which Python DLL a file of Windows is, None when it is this runtime's."""
    for library in extension.binary.needed:
        match = _PYTHON_DLL.fullmatch(library)
        if match is None:
            continue
        version = (target.version.major, target.version.minor)
        if match["minor"] and (int(match["major"]), int(match["minor"])) != version:
            return f"needs {library}, which is another version's"
        if bool(match["t"]) is not target.free_threaded and match["minor"]:
            return _threads(free_threaded=bool(match["t"]))
        if bool(match["d"]) is not target.debug:
            return f"needs {library}, which is another build's"
    return None


def _doubts(extension: Extension, artefact: Artefact, target: Target) -> Iterator[str]:
    """Yield what the name of a file leaves open."""
    if extension.claim.kind is not ClaimKind.GENERIC:
        return
    if any(tag.abi != "none" for tag in artefact.tags):
        return  # the wheel's tag says what the name does not
    if not extension.binary.imports:
        return
    yield (
        f"{extension.path} bears no version in its name and no tag gives one: it may be"
        " for another version than this"
    )
    if target.free_threaded:
        yield f"{extension.path} does not show whether it is for free-threaded builds"
