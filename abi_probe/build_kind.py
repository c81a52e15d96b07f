"""Check that the kind of ABI that an extension was built for is the runtime's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.model import ClaimKind
from abi_probe.symbol_names import possible_init_functions
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.model import Artifact, Extension, Target, UnexpectedSize

WITH_GIL: Final = "a build by a Python with a GIL"
_WITHOUT_GIL: Final = "a build for its own version without a GIL, or for abi3t (3.15 and newer)"
_FOR_VERSION: Final = "a build for its own version, or one for the stable ABI (abi3)"
_FOR_OTHERS: Final = "a build by its own implementation; those of CPython do not serve it"


def serving_build(target: Target) -> str:
    """Return the words for a build whose ABI is a runtime's.

    "Its own" is the runtime's. The words are the same for all of one kind, so that what helps
    many is reported once.
    """
    if target.implementation != "cpython":
        return _FOR_OTHERS
    return _WITHOUT_GIL if target.free_threaded else _FOR_VERSION


# The first version whose import system knows `PyModExport_` (PEP 793).
_MODEXPORT_SINCE = (3, 15)
# What a macro of a free-threaded build's headers leaves in a binary, and what a GIL build's does.
_FREE_THREADED_MARKS = frozenset({"_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"})
_GIL_MARK = "_Py_Dealloc"
# The greatest module slot that each version knows, from the version that brought it: create and
# exec, multiple interpreters (PEP 684), GIL (PEP 703), those of PEP 793 and 820. A greater one is
# an "unknown slot ID". Source: CPython's `Include/moduleobject.h` and `slots_generated.h`.
_GREATEST_SLOT = {(3, 5): 2, (3, 12): 3, (3, 13): 4, (3, 15): 110}
_FOR_ALL = ("manylinux", "musllinux")
_ASK_VERSION = frozenset({"Py_Version", "Py_GetVersion", "PySys_GetObject"})
_PYTHON_DLL = re.compile(
    r"python(?P<major>\d)(?P<minor>\d*)(?P<t>t?)(?P<d>_d)?\.dll", re.IGNORECASE
)


def check_init_function(extension: Extension, target: Target) -> Iterator[Objection]:
    """Yield the objection to a module whose init function the runtime does not look for."""
    name = extension.module.rpartition(".")[2]
    current, modexport, hpy, cffi_pypy, python2 = possible_init_functions(name)
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
            facts=(("hooks", " ".join(there)),),
            need=f"{extension.path} has {' and '.join(there)}",
            here=f", not {own}",
            path=str(extension.path),
            symbol=there[0],
            help=f"a build by the runtime, which makes it {own}",
        )


def abi_kind(
    extension: Extension, artifact: Artifact, target: Target
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections and warnings on the build that an extension is for."""
    misfit = (
        _other_build(extension, target)
        or _other_dll(extension, target)
        or _unknown_slot(extension, target)
        or _contradiction(extension)
    )
    if misfit is not None:
        return [
            Objection(
                cause=Cause.ABI_KIND,
                facts=(("built-for", misfit.built_for),),
                need=f"{extension.path} {misfit.reason}",
                here=misfit.here,
                path=str(extension.path),
                help=misfit.help,
            )
        ], []
    doubts = list(_doubts(extension, artifact, target))
    if (foreign := _foreign_size(extension, artifact, target)) is None:
        return [], doubts
    need = f"{extension.path} is built for a {foreign.name} of {foreign.expected} bytes"
    here = f", that of {target.name} has {foreign.actual}"
    # A fork's own builds bear the same names, but no index takes them under such a tag.
    if any(tag.platform.startswith(_FOR_ALL) for tag in artifact.tags):
        return [
            Objection(
                cause=Cause.ABI_KIND,
                facts=(("size", f"{foreign.name} {foreign.expected}"),),
                need=need,
                here=here,
                path=str(extension.path),
                symbol=foreign.name,
                help=serving_build(target),
            )
        ], []
    doubt = JudgedWarning(
        kind=WarningKind.BUILD,
        detail=f"{need}{here}, unless that runtime itself built it",
        subject=str(extension.path),
    )
    return [], [*doubts, doubt]


class _BuildMismatch(Struct, frozen=True, kw_only=True):
    """Why the kind of a file is not a runtime's.

    Attributes:
        built_for: what the file is built for, in a word.
        reason: words that follow its path.
        here: what this runtime does with it; empty where that says nothing.
        help: what would serve.
    """

    built_for: str
    reason: str
    here: str = ""
    help: str


def _other_build(extension: Extension, target: Target) -> _BuildMismatch | None:
    """Say for which other kind of build a file is, None when nothing shows that it is."""
    claim = extension.claim
    version = (target.version.major, target.version.minor)
    if claim.kind is ClaimKind.VERSION and target.implementation == "cpython":
        if claim.version is not None and claim.version != version:
            own = f"{claim.version[0]}.{claim.version[1]}"
            reason = f"is built for {own} only"
            return _BuildMismatch(built_for=own, reason=reason, help=serving_build(target))
        if claim.free_threaded is not target.free_threaded:
            return _threads(target)
    if target.free_threaded and claim.kind is ClaimKind.ABI3:
        return _BuildMismatch(
            built_for="abi3",
            reason="is for the stable ABI of builds with a GIL",
            here=f"; {target.name} looks at it and crashes",
            help=serving_build(target),
        )
    free_threaded = _is_free_threaded(extension)
    # A fork without a GIL may have the marks of CPython with one in its own builds.
    tells = free_threaded or target.implementation == "cpython"
    if free_threaded is not None and tells and free_threaded is not target.free_threaded:
        return _threads(target)
    return None


def _foreign_size(
    extension: Extension, artifact: Artifact, target: Target
) -> UnexpectedSize | None:
    """Return the built-in type whose size a file embeds and a runtime does not have."""
    kind = extension.claim.kind
    of_version = any(tag.abi.startswith("cp") for tag in artifact.tags)
    if kind is ClaimKind.VERSION or (kind is ClaimKind.GENERIC and of_version):
        return next(iter(target.foreign_sizes), None)
    if kind in {ClaimKind.ABI3, ClaimKind.GENERIC}:
        return next((each for each in target.foreign_sizes if each.name == "object"), None)
    return None


def _is_free_threaded(extension: Extension) -> bool | None:
    """Whether a file is for builds without a GIL, as its names and its data show; None if unshown.

    abi3t files call functions for what differs and hide their definition, so they show neither.
    """
    names = {symbol.name for symbol in extension.binary.imports}
    if names & _FREE_THREADED_MARKS:
        return True
    if _GIL_MARK in names:
        return False
    definition = extension.definition
    return definition.free_threaded if definition is not None else None


def _unknown_slot(extension: Extension, target: Target) -> _BuildMismatch | None:
    """Say which slot of a module's definition the runtime refuses, None when there is none.

    A module that asks for the running version may change its slots by it, so it is let through.
    """
    definition = extension.definition
    asks = {symbol.name for symbol in extension.binary.imports} & _ASK_VERSION
    if definition is None or asks:
        return None
    version = (target.version.major, target.version.minor)
    known = max((slot for since, slot in _GREATEST_SLOT.items() if since <= version), default=0)
    greatest = max((slot.kind for slot in definition.slots or ()), default=0)
    if greatest <= known:
        return None
    since = next((since for since, slot in _GREATEST_SLOT.items() if greatest <= slot), None)
    newer = f"{since[0]}.{since[1]} or newer" if since else "a newer version"
    return _BuildMismatch(
        built_for=f"slot {greatest}",
        reason=f"defines module slot {greatest}, which only {newer} knows",
        help=f"leaving the slot out where PY_VERSION_HEX is older, or a floor of {newer}",
    )


def _contradiction(extension: Extension) -> _BuildMismatch | None:
    """Say why no runtime makes a module of a definition; None when nothing is wrong with it.

    Source: CPython's `Objects/moduleobject.c`, `PyModule_FromDefAndSpec2`.
    """
    definition = extension.definition
    if definition is None or definition.slots is None or definition.size >= 0:
        return None
    return _BuildMismatch(
        built_for="nothing",
        reason="has slots and a negative size of state, which contradict each other",
        help="an m_size of 0 or more",
    )


def _threads(target: Target) -> _BuildMismatch:
    """Name the builds that a file is for, which are all but those like a runtime."""
    if target.free_threaded:
        reason = "is built for builds with a GIL"
        return _BuildMismatch(built_for="gil", reason=reason, help=serving_build(target))
    reason = "is built for free-threaded builds"
    return _BuildMismatch(built_for="free-threaded", reason=reason, help=WITH_GIL)


def _other_dll(extension: Extension, target: Target) -> _BuildMismatch | None:
    """Say for which Python DLL a file of Windows is, None when it is this runtime's."""
    for library in extension.binary.needed:
        match = _PYTHON_DLL.fullmatch(library)
        if match is None:
            continue
        version = (target.version.major, target.version.minor)
        if match["minor"] and (int(match["major"]), int(match["minor"])) != version:
            reason = f"needs {library}, which is another version's"
            return _BuildMismatch(built_for=library, reason=reason, help=serving_build(target))
        if bool(match["t"]) is not target.free_threaded and match["minor"]:
            return _threads(target)
        if bool(match["d"]) is not target.debug:
            build = "debug" if target.debug else "release"
            reason = f"needs {library}, which is another build's"
            helps = f"a build by a {build} Python"
            return _BuildMismatch(built_for=library, reason=reason, help=helps)
    return None


def _doubts(extension: Extension, artifact: Artifact, target: Target) -> Iterator[JudgedWarning]:
    """Yield what the name of a file leaves open."""
    if extension.claim.kind is not ClaimKind.GENERIC:
        return
    if any(tag.abi != "none" for tag in artifact.tags):
        return  # the wheel's tag says what the name does not
    if not extension.binary.imports:
        return
    subject = str(extension.path)
    yield JudgedWarning(
        kind=WarningKind.NAME,
        detail=f"{subject} bears no version in its name and no tag gives one: it may be"
        " for another version than this",
        subject=subject,
    )
    if target.free_threaded and _is_free_threaded(extension) is None:
        detail = f"{subject} does not show whether it is for free-threaded builds"
        yield JudgedWarning(kind=WarningKind.BUILD, detail=detail, subject=subject)
