"""Check that an extension does not load the library of another Python into the process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from abi_probe.build_kind import serving_build
from abi_probe.verdict import Cause, JudgedWarning, Objection, WarningKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.dynamic_linking.loader import LinkResult
    from abi_probe.model import Extension, Target

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
