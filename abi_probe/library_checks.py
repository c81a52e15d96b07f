"""Check that the libraries an extension needs are found, with the names that it takes of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from abi_probe.build_kind import serving_build
from abi_probe.elf.gnu_hash import left_undefined
from abi_probe.libc import FOR_GLIBC
from abi_probe.model import ArtifactKind
from abi_probe.symbol_checks import first_few
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.model import Artifact, Extension, Target

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


_FOR_A_VERSION = re.compile(r"(?P<stem>.*[^\d.])(?P<major>3)\.(?P<minor>\d{1,2})\.(?:so|dylib|dll)")
_A_FAMILY = 3  # members that tell one from libraries whose own version looks like Python's


def check_companions(artifact: Artifact, target: Target) -> Iterator[Objection]:
    """Yield the objection to libraries for other versions of CPython and none for a runtime's."""
    if target.implementation != "cpython":
        return
    families: dict[str, dict[tuple[int, int], str]] = {}
    for path in sorted(artifact.libraries):
        if match := _FOR_A_VERSION.fullmatch(path.name):
            version = (int(match["major"]), int(match["minor"]))
            families.setdefault(match["stem"], {})[version] = str(path)
    version = (target.version.major, target.version.minor)
    for stem, members in families.items():
        if len(members) >= _A_FAMILY and version not in members:
            yield Objection(
                cause=Cause.LIBRARY,
                facts=(("libraries", stem),),
                need=(
                    f"{max(members.items())[1]} is one of {len(members)} libraries for one version"
                    " of Python each"
                ),
                here=f", and none is for {version[0]}.{version[1]}",
                help="a newer release of it, or another that has one for this version",
            )


# `libpython3.11d.so.1.0`, `libpython3.11.dylib`, `libpypy3.9-c.so`; auditwheel writes a hash after
# the first dot's left side: `libpython3-6eb1b3d2.11.so.1.0`.
_LIBRARY: Final = re.compile(
    r"lib(?P<kind>python|pypy)(?P<major>\d)(?:-[0-9a-f]+)?\.(?P<minor>\d+)(?P<flags>[a-z]*)(?:-c)?"
    r"\.(?:so|dylib)(?:\.|$)"
)
_FRAMEWORK: Final = re.compile(r"Python\.framework/Versions/(?P<major>\d)\.(?P<minor>\d+)/Python$")
_RUNS_PYTHON: Final = "Py_Initialize"  # exported by a Python's library only


def check_python_library(
    extension: Extension, link: LinkResult | None, target: Target
) -> tuple[list[Objection], list[JudgedWarning]]:
    """Return the objection to the library of another Python, or the warning of a second one.

    What the runtime's own process has loaded already is its own. A library of the same version
    and build that it has not loaded is another copy of it: names lead to the first, data to
    either.
    """
    objections: list[Objection] = []
    warnings: list[JudgedWarning] = []
    for name in dict.fromkeys(_python_libraries(extension, link)):
        if (other := _other_python(name, target)) is not None:
            objections.append(
                Objection(
                    cause=Cause.ABI_KIND,
                    facts=(("library", name),),
                    need=f"{extension.path} needs {name}, the library of {other}",
                    path=str(extension.path),
                    help=serving_build(target),
                )
            )
        elif link is not None:
            detail = f"{extension.path} loads {name}, a second Python in the process"
            warnings.append(
                JudgedWarning(
                    kind=WarningKind.PYTHON_LIBRARY, detail=detail, subject=str(extension.path)
                )
            )
    return objections, warnings


def _python_libraries(extension: Extension, link: LinkResult | None) -> Iterator[str]:
    """Yield the names of Python's libraries that come into the process with an extension."""
    if link is None:
        for name in extension.binary.needed:
            if _LIBRARY.match(name) or _FRAMEWORK.search(name):
                yield name
        return
    for library in link.libraries:
        name = library.binary.soname or library.path.name
        if _LIBRARY.match(name) or _RUNS_PYTHON in library.binary.exports:
            yield name


def _other_python(name: str, target: Target) -> str | None:
    """Name the Python that a library is of; None where it may be the runtime's."""
    match = _LIBRARY.match(name) or _FRAMEWORK.search(name)
    if match is None:
        return None
    groups = match.groupdict()
    implementation = "pypy" if groups.get("kind") == "pypy" else "cpython"
    version, flags = (int(match["major"]), int(match["minor"])), groups.get("flags") or ""
    same = (
        implementation == target.implementation
        and version == (target.version.major, target.version.minor)
        and ("d" in flags) is target.debug
        and ("t" in flags) is target.free_threaded
    )
    shown = {"pypy": "PyPy", "cpython": "CPython"}[implementation]
    return None if same else f"{shown} {version[0]}.{version[1]}{flags}"
