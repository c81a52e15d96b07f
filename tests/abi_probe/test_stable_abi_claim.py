"""What a stable-ABI tag promises, and which names break it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace

from abi_probe.model import Evidence, SymbolClass, VersionNeed
from abi_probe.stable_abi_claim import check_stable_abi, declared_floor, first_exporter, is_promised
from tests.factories.artifacts import artifact, elf_binary, extension, target


@pytest.mark.parametrize(
    ("tag", "floor", "promised"),
    [
        pytest.param("cp38-abi3-any", (3, 8), True, id="abi3"),
        pytest.param("cp310-abi3-any", (3, 10), True, id="two-digits"),
        pytest.param("cp311.cp39-abi3-any", (3, 9), True, id="the-oldest"),
        pytest.param("cp315-abi3.abi3t-any", (3, 15), True, id="abi3t"),
        pytest.param("cp3-abi3-any", None, True, id="no-minor"),
        pytest.param("py3-abi3-any", None, True, id="not-cpython"),
        pytest.param("cp311-cp311-any", None, False, id="version"),
        pytest.param("py3-none-any", None, False, id="none"),
        pytest.param(None, None, True, id="no-tag-but-a-name"),
    ],
)
def test_declared_floor(tag: str | None, floor: tuple[int, int] | None, *, promised: bool) -> None:
    module = extension("spam.abi3.so")
    given = artifact(module, tag=tag)
    assert declared_floor(given) == floor
    assert check_stable_abi(module, given).declared_floor == floor
    assert is_promised(module, given) is promised


def test_a_bare_name_promises_nothing() -> None:
    module = extension("spam.so", elf_binary("PyUnicode_AsUTF8"))
    promise = check_stable_abi(module, artifact(module))
    assert not promise.violations
    assert promise.computed_floor is None


@pytest.mark.parametrize(
    ("names", "floor"),
    [
        pytest.param([], (3, 2), id="nothing"),
        pytest.param(["PyList_New"], (3, 2), id="first"),
        pytest.param(["PyList_New", "PyType_GetName"], (3, 11), id="newest"),
        pytest.param(["PyList_New", "PyUnicode_AsUTF8"], None, id="unstable"),
        pytest.param(["PyList_New", "PySpam_New"], (3, 2), id="not-cpythons"),
    ],
)
def test_computed_floor(names: list[str], floor: tuple[int, int] | None) -> None:
    module = extension("spam.abi3.so", elf_binary(*names))
    assert check_stable_abi(module, artifact(module)).computed_floor == floor


@pytest.mark.parametrize(
    ("name", "kind", "added", "reason"),
    [
        pytest.param(
            "PyUnicode_AsUTF8", SymbolClass.PUBLIC, None, "is outside the stable ABI", id="public"
        ),
        pytest.param(
            "_PyDict_GetItem_KnownHash",
            SymbolClass.PRIVATE,
            None,
            "is outside the stable ABI",
            id="private",
        ),
        pytest.param(
            "PyUnstable_Code_New",
            SymbolClass.UNSTABLE,
            None,
            "is outside the stable ABI",
            id="unstable",
        ),
        pytest.param(
            "_Py_NegativeRefcount",
            SymbolClass.DEBUG_ONLY,
            "3.10",
            "is outside the stable ABI",
            id="debug",
        ),
        pytest.param(
            "_Py_DecRefShared",
            SymbolClass.FREETHREADED_ONLY,
            None,
            "is outside the stable ABI",
            id="free-threaded",
        ),
        pytest.param(
            "PyType_GetName", SymbolClass.STABLE, "3.11", "is newer than the floor 3.8", id="newer"
        ),
        pytest.param(
            "PyObject_CallNoArgs",
            SymbolClass.STABLE,
            "3.10",
            "is newer than the floor 3.8",
            id="exported-by-some-release-since",
        ),
    ],
)
def test_violation(name: str, kind: SymbolClass, added: str | None, reason: str) -> None:
    module = extension("spam.abi3.so", elf_binary("PyList_New", name))
    (found,) = check_stable_abi(module, artifact(module, tag="cp38-abi3-any")).violations
    assert (found.path, found.symbol, found.symbol_class) == ("spam.abi3.so", name, kind)
    assert found.added == added
    assert found.reason.startswith(name)
    assert found.reason.endswith(reason)
    assert found.help


def test_a_violation_says_what_was_and_what_would_help() -> None:
    module = extension("spam.abi3.so", elf_binary("PyType_GetName", "_PyList_Extend"))
    newer, private = check_stable_abi(module, artifact(module, tag="cp38-abi3-any")).violations
    assert newer.help == "a build that does without PyType_GetName, or a tag of cp311"
    assert newer.first_exported == "3.11"
    assert private.help == "in place of _PyList_Extend: the method `extend`"
    assert private.first_exported == "3.6"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        pytest.param("cp38-abi3-any", "PyList_New", id="old-enough"),
        pytest.param("cp311-abi3-any", "PyType_GetName", id="as-old-as-the-floor"),
        pytest.param("cp38-abi3-any", "PySpam_New", id="not-cpythons"),
        pytest.param("cp38-abi3-any", "PyPySpam_New", id="pypys"),
        pytest.param(None, "PyType_GetName", id="promised-by-name-without-a-floor"),
    ],
)
def test_no_violation(tag: str | None, name: str) -> None:
    module = extension("spam.abi3.so", elf_binary(name))
    promise = check_stable_abi(module, artifact(module, tag=tag))
    assert not promise.violations
    assert not promise.warnings


@pytest.mark.parametrize(
    ("path", "names", "tag", "text"),
    [
        pytest.param(
            "spam.abi3.so",
            ["_Py_Dealloc"],
            "cp312-abi3-any",
            "not built with the limited API",
            id="built",
        ),
        pytest.param("spam.abi3.so", ["_Py_Dealloc"], "cp311-abi3-any", None, id="built-before"),
        pytest.param("spam.so", ["PyList_New"], "cp38-abi3-any", None, id="bare"),
        pytest.param(
            "spam.cpython-313t-x86_64-linux-gnu.so",
            ["PyList_New"],
            "cp313-cp313t-any",
            None,
            id="its-version",
        ),
    ],
)
def test_disagreements(path: str, names: list[str], tag: str, text: str | None) -> None:
    module = extension(path, elf_binary(*names))
    promise = check_stable_abi(module, artifact(module, tag=tag))
    assert not promise.violations
    assert [(text or "nothing") in each for each in promise.warnings] == [True] * bool(text)


def test_the_first_runtime_here_that_gives_every_name() -> None:
    module = extension("spam.so", elf_binary("PyList_New", "PyDict_New", "PyOwn_New"))
    own = replace(module, path=PurePosixPath("own.so"), binary=elf_binary(exports=["PyOwn_New"]))
    needed = ("PyList_New", "PyDict_New")
    described = replace(target("3.6.1", exports=needed), evidence=Evidence.TABLE)
    targets = [
        target("3.12.1", exports=needed),
        target("3.8.1", exports=needed),
        target("3.7.1"),
        target("3.7.2", implementation="pypy", exports=needed),
        described,
    ]
    found = first_exporter(module, artifact(module, own), targets)
    assert found is not None
    assert found.name == "cpython-3.8.1"
    assert first_exporter(module, artifact(module), targets) is None


@pytest.mark.parametrize(
    ("path", "machine", "expected"),
    [
        pytest.param("spam.cpython-315t-x86_64-linux-gnu.so", "x86_64", "cpython-3.15t", id="own"),
        pytest.param("spam.abi3t.so", "x86_64", "cpython-3.15t", id="stable"),
        pytest.param("spam.abi3.so", "x86_64", "cpython-3.12", id="with-a-gil"),
        pytest.param("spam.abi3.so", "aarch64", None, id="another-machine"),
    ],
)
def test_the_first_runtime_is_one_that_the_file_is_for(
    path: str, machine: str, expected: str | None
) -> None:
    module = extension(path, replace(elf_binary("PyList_New"), machines=(machine,)))
    targets = [target("3.12"), target("3.15", flags="t", suffixes=(".abi3t.so", ".so"))]
    found = first_exporter(module, artifact(module), targets)
    assert (found.name if found is not None else None) == expected


def test_a_build_with_a_gil_that_looks_for_abi3t_files_can_be_the_first() -> None:
    module = extension("spam.abi3t.so")
    older = target("3.14")
    with_gil = target("3.15", suffixes=(".abi3.so", ".abi3t.so", ".so"))
    found = first_exporter(module, artifact(module), [older, with_gil])
    assert found is with_gil


def test_what_was_exported_before_it_was_stable_is_a_warning() -> None:
    module = extension("spam.abi3.so", elf_binary("PyBuffer_Release"))
    promise = check_stable_abi(module, artifact(module, tag="cp38-abi3-any"))
    (warning,) = promise.warnings
    assert warning == (
        "spam.abi3.so needs PyBuffer_Release, stable only since 3.11;"
        " every release from 3.8 on exports it"
    )
    assert not promise.violations
    assert promise.computed_floor == (3, 11)


def test_what_the_artifact_defines_itself_is_no_finding() -> None:
    names = ("PyUnicode_AsUTF8", "_PyDict_GetItem_KnownHash", "PyEval_SetTrace")
    module = extension("spam.abi3.so", elf_binary(*names[:2], weak=names[2:]))
    other = extension("ham.abi3.so", elf_binary(exports=("PyInit_ham", names[0])))
    library = elf_binary(exports=(names[1],))
    given = artifact(module, other, tag="cp38-abi3-any")
    given = replace(given, libraries={PurePosixPath("spam.libs/libham.so"): library})
    promise = check_stable_abi(module, given)
    assert not promise.violations
    assert promise.symbols == dict.fromkeys(promise.symbols, 0)


def test_names_are_counted_by_class() -> None:
    binary = elf_binary(
        "PyList_New",
        "_Py_Dealloc",
        "PyUnicode_AsUTF8",
        "PyUnstable_Code_New",
        "_PyDict_GetItem_KnownHash",
        "_Py_DecRefShared",
        "_Py_NegativeRefcount",
        "PySpam_New",
    )
    module = extension("spam.abi3.so", binary)
    assert check_stable_abi(module, artifact(module)).symbols == {
        "stable": 2,
        "unstable": 2,
        "private": 1,
        "internal": 2,
        "unknown": 1,
    }


@pytest.mark.parametrize(
    ("versions", "floor"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["GLIBC_2.4", "GLIBC_2.28", "GLIBC_2.3.4"], "2.28", id="newest"),
        pytest.param(["GLIBC_PRIVATE", "GLIBCXX_3.4.30"], None, id="no-number-or-another-library"),
    ],
)
def test_libc_floor(versions: list[str], floor: str | None) -> None:
    needs = tuple(VersionNeed(library="libc.so.6", version=version) for version in versions)
    module = extension("spam.abi3.so", replace(elf_binary(), version_needs=needs))
    assert check_stable_abi(module, artifact(module)).libc_floor == floor
