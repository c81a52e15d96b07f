"""Check that the libraries an extension needs are found, with the names that it takes of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abi_probe.elf.gnu_hash import left_undefined
from abi_probe.libc import FOR_GLIBC
from abi_probe.model import ArtifactKind
from abi_probe.symbol_checks import first_few
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.model import Artifact, Extension

_MOST_NAMES = 3  # names of other libraries that are objected to
_EXTRA = re.compile(r";.*\bextra\s*==")


def check_libraries(
    extension: Extension, link: LinkResult, artifact: Artifact
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections for libraries that are nowhere, warnings for those to be brought."""
    objections: list[Objection] = []
    warnings = [
        _warning(
            extension, f"needs {gap.name}, which must have been loaded before (it lies nearby)"
        )
        for gap in link.assumed
    ]
    for gap in link.missing:
        if gap.name.startswith("libc.musl-"):
            objections.append(
                Objection(
                    cause=Cause.PLATFORM,
                    facts=(("libc", "musl"),),
                    need=f"{extension.path} is built for musl ({gap.name})",
                    path=str(extension.path),
                    help=FOR_GLIBC,
                )
            )
        elif gap.trouble is None and _may_be_brought(extension, artifact):
            text = f"needs {gap.name}, which another distribution should bring"
            warnings.append(_warning(extension, text))
        else:
            trouble = gap.trouble or "which is not found"
            objections.append(
                Objection(
                    cause=Cause.LIBRARY,
                    facts=(("library", gap.name),),
                    need=f"{extension.path} needs {gap.name}",
                    here=f", {trouble}",
                    path=str(extension.path),
                    help=f"{gap.name} installed, or put into the wheel (auditwheel repair)",
                )
            )
    undefined, doubts = _check_foreign(extension, link, artifact)
    return objections + undefined, warnings + doubts


def _check_foreign(
    extension: Extension, link: LinkResult, artifact: Artifact
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return objections to names of other libraries that nothing defines.

    Warnings where the Python code of the artifact, or what it requires, may have loaded a library
    that does: for all to see, or with names that are looked up late.
    """
    names = sorted({each.name for each in link.undefined})
    if not names:
        return [], []
    others = [each.binary.hashes for each in artifact.extensions]
    others += [binary.hashes for binary in artifact.libraries.values()]
    nowhere = left_undefined(names, others)
    elsewhere = [name for name in names if name not in nowhere or _requires_others(artifact)]
    text = f"needs {first_few(elsewhere)}, which another library must define"
    warnings = [_warning(extension, text)] if elsewhere else []
    objections = [
        Objection(
            cause=Cause.LIBRARY,
            need=f"{each.needed_by.name} needs {each.name}, which no library loaded with it has",
            path=str(extension.path),
            symbol=each.name,
            help=f"linking with the library that defines {each.name}",
        )
        for each in link.undefined
        if each.name not in elsewhere
    ]
    return objections[:_MOST_NAMES], warnings


def _warning(extension: Extension, text: str) -> JudgedWarning:
    """Return a warning about what an extension needs."""
    subject = str(extension.path)
    return JudgedWarning(kind=WarningKind.LIBRARY, detail=f"{subject} {text}", subject=subject)


def _requires_others(artifact: Artifact) -> bool:
    """Return whether other distributions may have been loaded before a module.

    They are always installed with a distribution that requires them; those of an extra may not be.
    A folder of packages without metadata does not say what it requires.
    """
    if artifact.kind is ArtifactKind.SITE:
        return bool(artifact.sources)
    return any(_EXTRA.search(line) is None for line in artifact.requires)


def _may_be_brought(extension: Extension, artifact: Artifact) -> bool:
    """Whether a library may lie in another distribution that is not installed here.

    Only of a wheel, which stands alone, and only when it requires others and looks in a folder
    relative to itself.
    """
    relative = any(
        path.startswith(("$ORIGIN", "${ORIGIN}"))
        for path in (*extension.binary.rpath, *extension.binary.runpath)
    )
    return artifact.root is None and _requires_others(artifact) and relative
