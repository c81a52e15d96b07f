"""Verdicts: each reason against an artifact, and what is no reason."""

from __future__ import annotations

import sys
from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace
from packaging.specifiers import SpecifierSet

from abi_probe.checks import judge
from abi_probe.dynamic_linking.library_search import Loaded
from abi_probe.dynamic_linking.loader import LinkResult, MissingLibrary
from abi_probe.dynamic_linking.loader_errors import UndefinedSymbol, UnmetVersion
from abi_probe.elf.gnu_hash import gnu_hash
from abi_probe.model import (
    Artifact,
    Binary,
    Evidence,
    Format,
    Target,
    VersionNeed,
)
from abi_probe.verdict import Cause, Status
from tests.factories.artifacts import LINUX, artifact, elf_binary, extension, target

HERE = PurePosixPath("/site/spam.abi3.so")
HAM_HASH = gnu_hash("ham").to_bytes(4, sys.byteorder)
LIBC = PurePosixPath("/lib/libc.so.6")
NOTHING_LOADED = LinkResult(
    defined=frozenset(),
    libraries=(),
    missing=(),
    assumed=(),
    version_needs=frozenset(),
    unmet=(),
)
PLAIN = artifact(extension("spam.abi3.so"), tag="cp38-abi3-linux_x86_64")


def spam(
    *imports: str,
    exports: tuple[str, ...] = ("PyInit_spam",),
    weak: tuple[str, ...] = (),
    path: str = "spam.abi3.so",
) -> Artifact:
    """Return one module that needs some names."""
    return artifact(extension(path, elf_binary(*imports, exports=exports, weak=weak)))


def with_binary(path: str = "spam.pyd", **change: object) -> Artifact:
    """Return one module whose binary says something else."""
    return artifact(extension(path, replace(elf_binary(), **change)))


def missing(name: str, trouble: str | None = None) -> LinkResult:
    """Return a module one of whose libraries is not found."""
    gap = MissingLibrary(name=name, needed_by=HERE, trouble=trouble)
    return replace(NOTHING_LOADED, missing=(gap,))


def unmet(*versions: str, library: str = "libc.so.6") -> LinkResult:
    """Return a module that needs versions that are not defined."""
    needs = [VersionNeed(library=library, version=version) for version in versions]
    return replace(
        NOTHING_LOADED,
        unmet=tuple(UnmetVersion(need=need, needed_by=HERE, provider=LIBC) for need in needs),
    )


OBJECTIONS = [
    pytest.param(
        replace(PLAIN, trouble=((PurePosixPath("spam/x.abi3.so"), "cut off"),)),
        target(),
        None,
        Cause.BROKEN,
        "spam/x.abi3.so: cut off",
        id="broken",
    ),
    pytest.param(
        replace(PLAIN, requires_python=SpecifierSet(">=3.12")),
        target(),
        None,
        Cause.PACKAGE_PYTHON,
        "spam 1.0 requires Python >=3.12, this is 3.11.4",
        id="requires-python",
    ),
    pytest.param(
        artifact(extension("spam.abi3.so"), tag="cp312-abi3-linux_x86_64"),
        target(),
        None,
        Cause.ABI_TAG,
        "spam 1.0 is tagged cp312-abi3-linux_x86_64: cp312-abi3 needs 3.12 or newer",
        id="tag",
    ),
    pytest.param(
        with_binary("spam.so", machines=("aarch64",)),
        target(),
        None,
        Cause.PLATFORM,
        "spam.so is elf for aarch64, cpython-3.11.4 loads elf for x86_64",
        id="machine",
    ),
    pytest.param(
        with_binary("spam.so", bits=32),
        target(),
        None,
        Cause.PLATFORM,
        "spam.so is elf for x86_64",
        id="width",
    ),
    pytest.param(
        with_binary(format=Format.PE, machines=("amd64",)),
        target(),
        None,
        Cause.PLATFORM,
        "spam.pyd is pe for amd64",
        id="format-under-a-name-that-is-not-looked-at",
    ),
    pytest.param(
        spam(),
        target(),
        missing("libc.musl-x86_64.so.1"),
        Cause.PLATFORM,
        "spam.abi3.so is built for musl (libc.musl-x86_64.so.1)",
        id="musl",
    ),
    pytest.param(
        spam(),
        target(),
        unmet("GLIBC_2.9", "GLIBC_2.39", "GLIBC_2.38"),
        Cause.PLATFORM,
        "spam.abi3.so needs GLIBC_2.39 of libc.so.6, this runtime has glibc 2.36",
        id="glibc",
    ),
    pytest.param(
        spam(),
        target(),
        unmet("CXXABI_1.3.15", library="libstdc++.so.6"),
        Cause.PLATFORM,
        "needs CXXABI_1.3.15 of libstdc++.so.6, which /lib/libc.so.6 does not define",
        id="version-of-another-library",
    ),
    pytest.param(
        spam(path=f"spam.cpython-310-{LINUX}.so"),
        target(),
        None,
        Cause.ABI_SUFFIX,
        f"spam.cpython-310-{LINUX}.so is never looked at: cpython-3.11.4 tries"
        f" .cpython-311-{LINUX}.so .abi3.so .so",
        id="suffix",
    ),
    pytest.param(
        spam(exports=("PyModExport_spam",)),
        target("3.14"),
        None,
        Cause.ABI_HOOK,
        "spam.abi3.so has PyModExport_spam, not PyInit_spam",
        id="modexport-before-3.15",
    ),
    pytest.param(
        spam(exports=("initspam",), path="spam.so"),
        target(),
        None,
        Cause.ABI_HOOK,
        "spam.so has initspam, not PyInit_spam",
        id="hook-of-python-2",
    ),
    pytest.param(
        spam(path="spam.so"),
        target("2.7.18"),
        None,
        Cause.ABI_HOOK,
        "spam.so has PyInit_spam, not initspam",
        id="hook-on-python-2",
    ),
    pytest.param(
        spam(exports=("PyModExport_spam",), path="spam.so"),
        target("3.10", implementation="pypy"),
        None,
        Cause.ABI_HOOK,
        "spam.so has PyModExport_spam, not PyInit_spam",
        id="hook-on-pypy",
    ),
    pytest.param(
        spam(),
        replace(target("3.13", flags="t"), suffixes=(".abi3.so",)),
        None,
        Cause.ABI_KIND,
        "spam.abi3.so is for the stable ABI of builds with a GIL; cpython-3.13t looks at it",
        id="abi3-on-free-threaded",
    ),
    pytest.param(
        spam("_Py_DecRefShared", path="spam.so"),
        target("3.13", exports=["_Py_DecRefShared"]),
        None,
        Cause.ABI_KIND,
        "spam.so is built for free-threaded builds",
        id="free-threaded-names-on-gil",
    ),
    pytest.param(
        spam("_Py_Dealloc", path="spam.so"),
        target("3.13", flags="t", exports=["_Py_Dealloc"]),
        None,
        Cause.ABI_KIND,
        "spam.so is built for builds with a GIL",
        id="gil-names-on-free-threaded",
    ),
    pytest.param(
        spam(path=f"spam.cpython-310-{LINUX}.so"),
        target(suffixes=(f".cpython-310-{LINUX}.so",)),
        None,
        Cause.ABI_KIND,
        "is built for 3.10 only",
        id="version-in-the-name",
    ),
    pytest.param(
        spam(path=f"spam.cpython-313t-{LINUX}.so"),
        target("3.13", suffixes=(f".cpython-313t-{LINUX}.so",)),
        None,
        Cause.ABI_KIND,
        "is built for free-threaded builds",
        id="letter-in-the-name",
    ),
    pytest.param(
        spam("PyUnicode_AsUTF8", "PyList_New"),
        target(),
        None,
        Cause.ABI_SYMBOL,
        "spam.abi3.so needs PyUnicode_AsUTF8 (public, not stable, exported by 3.6 or earlier to",
        id="symbol",
    ),
    pytest.param(
        spam("PyDict_GetItemRef"),
        target(),
        None,
        Cause.ABI_SYMBOL,
        "needs PyDict_GetItemRef (stable ABI, stable since 3.13, exported by 3.13 to ",
        id="symbol-of-a-later-release",
    ),
    pytest.param(
        spam("PySpam_New"),
        target(),
        None,
        Cause.ABI_SYMBOL,
        "needs PySpam_New (public, not stable, exported by no release of CPython)",
        id="symbol-of-nobody",
    ),
    pytest.param(
        spam("PyErr_SetFromWindowsErr"),
        target(),
        None,
        Cause.ABI_SYMBOL,
        "needs PyErr_SetFromWindowsErr (stable ABI, stable since 3.7, not on Linux)",
        id="symbol-of-windows",
    ),
    pytest.param(
        spam("PyList_New"),
        target(),
        replace(
            NOTHING_LOADED,
            libraries=(Loaded(path=LIBC, binary=elf_binary("PySpam_New")),),
        ),
        Cause.ABI_SYMBOL,
        "/lib/libc.so.6 needs PySpam_New",
        id="symbol-of-a-library",
    ),
    pytest.param(
        spam(),
        target(),
        missing("libham.so.1"),
        Cause.LIBRARY,
        "spam.abi3.so needs libham.so.1, which is not found",
        id="library",
    ),
    pytest.param(
        spam(),
        target(),
        missing("libham.so.1", "/lib/libham.so.1: cut off"),
        Cause.LIBRARY,
        "spam.abi3.so needs libham.so.1, /lib/libham.so.1: cut off",
        id="damaged-library",
    ),
    pytest.param(
        spam(),
        target(),
        replace(NOTHING_LOADED, undefined=(UndefinedSymbol(name="ham", needed_by=HERE),)),
        Cause.LIBRARY,
        "spam.abi3.so needs ham, which no library loaded with it has",
        id="name-of-no-library",
    ),
    pytest.param(
        replace(
            with_binary("spam.abi3.so", runpath=("$ORIGIN/../ham.libs",)),
            requires=("ham; extra == 'test'",),
        ),
        target(),
        missing("libham.so"),
        Cause.LIBRARY,
        "spam.abi3.so needs libham.so, which is not found",
        id="library-and-only-an-extra",
    ),
    pytest.param(
        replace(
            spam(),
            libraries={
                PurePosixPath(f"libham_{version}.so"): elf_binary()
                for version in ("3.9", "3.10", "3.12")
            },
        ),
        target(),
        None,
        Cause.LIBRARY,
        "libham_3.12.so is one of 3 libraries for one version of Python each, and none is for 3.11",
        id="companions-of-other-versions",
    ),
    pytest.param(
        spam(),
        target(),
        replace(NOTHING_LOADED, stack=(HERE,)),
        Cause.PLATFORM,
        "spam.abi3.so asks for a stack that code can run on",
        id="stack",
    ),
    pytest.param(
        with_binary("spam.abi3.so", shared_library=False),
        target(),
        None,
        Cause.PLATFORM,
        "spam.abi3.so is not a library that a running program can load",
        id="program",
    ),
    pytest.param(
        with_binary(
            "spam.abi3.so",
            version_needs=tuple(
                VersionNeed(library="libc.so.6", version=f"GLIBC_{version}")
                for version in ("2.38", "2.9", "PRIVATE")
            ),
        ),
        target(),
        None,
        Cause.PLATFORM,
        "spam.abi3.so needs GLIBC_2.38 of libc.so.6, this runtime has glibc 2.36",
        id="glibc-of-a-description",
    ),
    pytest.param(
        with_binary("spam.abi3.so", needed=("libc.musl-x86_64.so.1",)),
        target(),
        None,
        Cause.PLATFORM,
        "spam.abi3.so is built for musl",
        id="musl-on-a-description-of-glibc",
    ),
    pytest.param(
        with_binary("spam.abi3.so", needed=("libc.so.6",)),
        replace(target(), libc=("musl", (1, 2))),
        None,
        Cause.PLATFORM,
        "spam.abi3.so is built for glibc",
        id="glibc-on-a-description-of-musl",
    ),
    pytest.param(
        spam(),
        target(suffixes=()),
        None,
        Cause.CAPABILITY,
        "cpython loads no extension modules, so not spam.abi3.so",
        id="no-extensions",
    ),
    pytest.param(
        artifact(),
        replace(target(implementation="micropython"), has_site=False),
        None,
        Cause.CAPABILITY,
        "micropython has no site module",
        id="no-site",
    ),
]


@pytest.mark.parametrize(("given", "runtime", "link", "cause", "detail"), OBJECTIONS)
def test_objection(
    given: Artifact, runtime: Target, link: LinkResult | None, cause: Cause, detail: str
) -> None:
    links = {each.path: link for each in given.extensions if link is not None}
    verdict = judge(given, runtime, links)
    (objection,) = verdict.objections
    assert objection.cause is cause
    assert detail in objection.detail
    expected = Status.UNKNOWN if cause is Cause.BROKEN else Status.INCOMPATIBLE
    assert verdict.status is expected
    assert bool(objection.help) is (cause is not Cause.CAPABILITY)


@pytest.mark.parametrize(
    ("given", "runtime", "text"),
    [
        pytest.param(
            spam(path="spam.cpython-310-x86_64-linux-gnu.so"),
            target(suffixes=(".cpython-310-x86_64-linux-gnu.so",)),
            "a build for its own version, or one for the stable ABI",
            id="version",
        ),
        pytest.param(spam(), target("3.13", flags="t"), "abi3t (3.15 and newer)", id="no-gil"),
        pytest.param(
            artifact(tag="cp311-cp311-linux_x86_64"),
            target("3.10", implementation="pypy"),
            "those of CPython do not serve it",
            id="pypy",
        ),
        pytest.param(
            artifact(tag="cp312-abi3-linux_x86_64"), target(), "a lower floor", id="floor"
        ),
        pytest.param(
            artifact(tag="cp311-cp311-manylinux_2_39_x86_64"),
            target(),
            "built on glibc 2.36 or older",
            id="glibc-of-the-tag",
        ),
        pytest.param(
            artifact(tag="cp311-cp311-win_amd64"), target(), "glibc on x86_64", id="system"
        ),
        pytest.param(
            spam("PyUnicode_New"), target(), "in place of PyUnicode_New: PyUnicode_From", id="name"
        ),
        pytest.param(
            spam("PyType_GetName"), target("3.10"), "or Python 3.11 or newer", id="newer-name"
        ),
        pytest.param(
            spam("_Py_NegativeRefcount"), target(), "a build by a release Python", id="debug"
        ),
        pytest.param(
            spam("PySpam_New"), target(), "the library that defines PySpam_New", id="nobodys"
        ),
        pytest.param(spam("_PyArg_Fini"), target(), "a build with the limited API", id="private"),
    ],
)
def test_what_would_help(given: Artifact, runtime: Target, text: str) -> None:
    (objection,) = judge(given, runtime, {}).objections
    assert objection.help is not None
    assert text in objection.help


def test_every_cause_has_a_row() -> None:
    rows = {row.values[3] for row in OBJECTIONS}
    of_programs = {
        Cause.SPEC,
        Cause.REQUIRES_PYTHON,
        Cause.SYNTAX,
        Cause.STDLIB,
        Cause.PACKAGE,
    }
    assert rows == set(Cause) - of_programs - {Cause.IMPORT}  # that one takes a process


@pytest.mark.parametrize(
    ("given", "runtime", "link", "text"),
    [
        pytest.param(
            replace(PLAIN, warnings=("RECORD is odd",)),
            target(),
            None,
            "RECORD is odd",
            id="of-the-artifact",
        ),
        pytest.param(
            spam("PyList_New", weak=("PySpam_New", "PyHam_New")),
            target(),
            None,
            "spam.abi3.so: PyHam_New, PySpam_New will be missing (weak)",
            id="weak-names",
        ),
        pytest.param(
            spam("PyList_New", path="spam.so"),
            target(),
            None,
            "spam.so bears no version in its name and no tag gives one",
            id="no-version",
        ),
        pytest.param(
            spam("PyList_New", path="spam.so"),
            target("3.13", flags="t"),
            None,
            "spam.so does not show whether it is for free-threaded builds",
            id="no-build",
        ),
        pytest.param(
            replace(spam(path="spam.pyd"), sources=frozenset({"spam"})),
            target(),
            None,
            "spam falls back on its .py file: spam.pyd is not looked at",
            id="source-stands-in",
        ),
        pytest.param(
            spam(),
            target(),
            replace(NOTHING_LOADED, assumed=(MissingLibrary(name="libham.so", needed_by=HERE),)),
            "spam.abi3.so needs libham.so, which must have been loaded before",
            id="library-nearby",
        ),
        pytest.param(
            replace(
                with_binary("spam.abi3.so", runpath=("$ORIGIN/../ham.libs",)), requires=("ham",)
            ),
            target(),
            missing("libham.so"),
            "spam.abi3.so needs libham.so, which another distribution should bring",
            id="library-of-another-distribution",
        ),
        pytest.param(
            replace(
                with_binary(
                    "spam.abi3.so",
                    imports=elf_binary("PySpam_New").imports,
                    runpath=("$ORIGIN/../ham",),
                ),
                requires=("ham",),
            ),
            target(),
            missing("libham.so"),
            "spam.abi3.so needs libham.so, which another distribution should bring",
            id="python-name-of-a-library-of-another-distribution",
        ),
        pytest.param(
            replace(
                spam(),
                libraries={PurePosixPath("ham.so"): replace(elf_binary(), hashes=HAM_HASH)},
            ),
            target(),
            replace(NOTHING_LOADED, undefined=(UndefinedSymbol(name="ham", needed_by=HERE),)),
            "spam.abi3.so needs ham, which another library must define",
            id="name-of-a-library-nearby",
        ),
        pytest.param(
            replace(spam(), requires=("ham",)),
            target(),
            replace(NOTHING_LOADED, undefined=(UndefinedSymbol(name="ham", needed_by=HERE),)),
            "spam.abi3.so needs ham, which another library must define",
            id="name-of-another-distribution",
        ),
        pytest.param(
            artifact(
                extension("spam.abi3.so", replace(elf_binary(), numpy_1=True)),
                extension(
                    "ham.abi3.so", replace(elf_binary(exports=("PyInit_ham",)), numpy_1=True)
                ),
            ),
            target(),
            None,
            "NumPy 2 refuses what was built for NumPy 1: spam.abi3.so and 1 more",
            id="numpy-1",
        ),
        pytest.param(
            spam("PyPySpam_New"),
            replace(target(), evidence=Evidence.TABLE),
            None,
            "cpython-3.11.4 is not here: judged from CPython's table",
            id="table",
        ),
    ],
)
def test_warnings_stand_against_nothing(
    given: Artifact, runtime: Target, link: LinkResult | None, text: str
) -> None:
    links = {each.path: link for each in given.extensions if link is not None}
    verdict = judge(given, runtime, links)
    assert not verdict.objections
    assert verdict.status is Status.UNVERIFIED
    assert any(warning.detail.startswith(text) for warning in verdict.warnings)


@pytest.mark.parametrize(
    ("given", "runtime", "status"),
    [
        pytest.param(PLAIN, target(), Status.UNVERIFIED, id="native"),
        pytest.param(
            replace(
                PLAIN,
                libraries={
                    PurePosixPath(f"libham_3.{minor}.so"): elf_binary() for minor in range(9, 12)
                },
            ),
            target(),
            Status.UNVERIFIED,
            id="companion-of-this-version",
        ),
        pytest.param(
            replace(
                PLAIN,
                libraries={PurePosixPath(f"libham-3.{minor}.so"): elf_binary() for minor in (4, 5)},
            ),
            target(),
            Status.UNVERIFIED,
            id="libraries-with-versions-of-their-own",
        ),
        pytest.param(artifact(tag="py3-none-any"), target(), Status.COMPATIBLE, id="pure"),
        pytest.param(spam("PySpam_New"), target(exports=None), Status.UNVERIFIED, id="no-exports"),
        pytest.param(
            spam("PySpam_New", exports=("PyInit_spam", "PySpam_New")),
            target(),
            Status.UNVERIFIED,
            id="own-name",
        ),
        pytest.param(
            spam(exports=("PyModExport_spam",)), target("3.15"), Status.UNVERIFIED, id="modexport"
        ),
        pytest.param(
            spam(exports=("_cffi_pypyinit_spam",), path="spam.so"),
            target("3.10", implementation="pypy"),
            Status.UNVERIFIED,
            id="cffi",
        ),
        pytest.param(
            spam(exports=("HPyInit_spam",), path="spam.so"),
            target("3.12", implementation="graalpy"),
            Status.UNVERIFIED,
            id="hpy",
        ),
        pytest.param(
            spam(path="spam.abi3t.so"),
            target("3.15", flags="t", suffixes=(".abi3t.so",)),
            Status.UNVERIFIED,
            id="abi3t",
        ),
        pytest.param(
            replace(PLAIN, requires_python=SpecifierSet(">=3.12")),
            target("3.12.0rc1"),
            Status.UNVERIFIED,
            id="release-candidate",
        ),
    ],
)
def test_status(given: Artifact, runtime: Target, status: Status) -> None:
    verdict = judge(given, runtime, {})
    assert verdict.target == runtime.name
    assert verdict.status is status


def test_a_python_without_numpy_2_needs_no_warning_of_it() -> None:
    given = artifact(extension("spam.abi3.so", replace(elf_binary(), numpy_1=True)))
    assert judge(given, target("3.9"), {}).warnings
    assert not judge(given, target("3.8"), {}).warnings


def test_reasons_come_in_the_order_of_the_checks() -> None:
    given = replace(
        spam("PySpam_New", exports=("initspam",)),
        requires_python=SpecifierSet(">=4"),
        trouble=((PurePosixPath("x.abi3.so"), "cut off"),),
    )
    verdict = judge(given, target(), {})
    causes = [objection.cause for objection in verdict.objections]
    assert causes == [Cause.BROKEN, Cause.PACKAGE_PYTHON, Cause.ABI_HOOK, Cause.ABI_SYMBOL]
    assert verdict.status is Status.INCOMPATIBLE


@pytest.mark.parametrize(
    ("library", "version", "flags", "detail"),
    [
        pytest.param("python311.dll", "3.11", "", None, id="own"),
        pytest.param("python3.dll", "3.11", "", None, id="stable"),
        pytest.param("PYTHON310.DLL", "3.11", "", "which is another version's", id="version"),
        pytest.param("python313t.dll", "3.13", "", "for free-threaded builds", id="threads"),
        pytest.param("python313.dll", "3.13", "t", "for builds with a GIL", id="gil"),
        pytest.param("python311_d.dll", "3.11", "", "which is another build's", id="debug"),
        pytest.param("KERNEL32.dll", "3.11", "", None, id="not-pythons"),
    ],
)
def test_the_dll_of_windows(library: str, version: str, flags: str, detail: str | None) -> None:
    binary: Binary = replace(
        elf_binary(), format=Format.PE, machines=("amd64",), needed=("KERNEL32.dll", library)
    )
    there = replace(
        target(version, flags=flags, suffixes=(".pyd",)), format=Format.PE, machine="amd64"
    )
    objections = judge(artifact(extension("spam.pyd", binary)), there, {}).objections
    assert [each.cause for each in objections] == ([Cause.ABI_KIND] if detail else [])
    assert all((detail or "") in each.detail for each in objections)
