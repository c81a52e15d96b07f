"""Runtimes that are not here, made of words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from packaging.specifiers import SpecifierSet

from abi_probe import (
    Cause,
    DescriptionError,
    Evidence,
    Format,
    Status,
    describe,
    judge,
)
from abi_probe.verdict import WarningKind
from tests.factories.artifacts import artifact, elf_binary, extension

HERE = "manylinux_2_36_x86_64"


@pytest.mark.parametrize(
    ("text", "name", "tag", "suffix", "machine"),
    [
        pytest.param(
            "3.12",
            f"cpython-3.12-{HERE}",
            "cp312-cp312-manylinux_2_17_x86_64",
            ".cpython-312-x86_64-linux-gnu.so",
            "x86_64",
            id="version",
        ),
        pytest.param(
            "312",
            f"cpython-3.12-{HERE}",
            "cp38-abi3-manylinux2014_x86_64",
            ".abi3.so",
            "x86_64",
            id="digits",
        ),
        pytest.param(
            "cp37-linux_x86_64",
            "cpython-3.7-manylinux_2_36_x86_64",
            "cp37-cp37m-linux_x86_64",
            ".cpython-37m-x86_64-linux-gnu.so",
            "x86_64",
            id="with-m",
        ),
        pytest.param(
            "3.15-manylinux_2_28_x86_64",
            "cpython-3.15-manylinux_2_28_x86_64",
            "cp315-abi3-manylinux_2_17_x86_64",
            ".abi3t-x86_64-linux-gnu.so",
            "x86_64",
            id="abi3t-with-platform",
        ),
        pytest.param(
            "3.15t-linux_x86_64",
            "cpython-3.15t-manylinux_2_36_x86_64",
            "cp315-cp315t-manylinux_2_36_x86_64",
            ".abi3t.so",
            "x86_64",
            id="libc-of-this-machine",
        ),
        pytest.param(
            "3.12-linux_aarch64",
            "cpython-3.12-manylinux_2_36_aarch64",
            "cp312-cp312-manylinux_2_17_aarch64",
            ".cpython-312-aarch64-linux-gnu.so",
            "aarch64",
            id="libc-of-this-machine-on-another",
        ),
        pytest.param(
            "pypy3.12",
            f"pypy-3.12-{HERE}",
            "pp312-pypy312_pp80-manylinux_2_17_x86_64",
            ".pypy312-pp80-x86_64-linux-gnu.so",
            "x86_64",
            id="pypy-8",
        ),
        pytest.param(
            "pypy3.8-manylinux_2_17_i686",
            "pypy-3.8-manylinux_2_17_i686",
            "pp38-pypy38_pp73-manylinux_2_17_i686",
            ".pypy38-pp73-x86-linux-gnu.so",
            "i686",
            id="pypy-older-triplet",
        ),
        pytest.param(
            "pypy3.11-win_amd64",
            "pypy-3.11-win_amd64",
            "pp311-pypy311_pp73-win_amd64",
            ".pypy311-pp73-win_amd64.pyd",
            "amd64",
            id="pypy-windows",
        ),
        pytest.param(
            "pypy3.11",
            f"pypy-3.11-{HERE}",
            "pp311-pypy311_pp80-manylinux_2_17_x86_64",
            ".pypy311-pp73-x86_64-linux-gnu.so",
            "x86_64",
            id="pypy-7-or-8",
        ),
        pytest.param(
            "graalpy3.12",
            f"graalpy-3.12-{HERE}",
            "graalpy312-graalpy250_312_native-manylinux_2_28_x86_64",
            ".graalpy251-312-native-x86_64-linux.so",
            "x86_64",
            id="graalpy",
        ),
        pytest.param(
            "3.14-pyemscripten_2026_0_wasm32",
            "cpython-3.14-pyemscripten_2026_0_wasm32",
            "cp314-cp314-pyemscripten_2026_0_wasm32",
            ".cpython-314-wasm32-emscripten.so",
            "wasm32",
            id="pyodide",
        ),
        pytest.param(
            "2.7",
            f"cpython-2.7-{HERE}",
            "cp27-cp27mu-manylinux1_x86_64",
            "module.so",
            "x86_64",
            id="python2",
        ),
        pytest.param(
            "2.7",
            f"cpython-2.7-{HERE}",
            "cp27-cp27m-manylinux1_x86_64",
            "module.so",
            "x86_64",
            id="python-2-narrow",
        ),
        pytest.param(
            "2.7-win_amd64",
            "cpython-2.7-win_amd64",
            "cp27-cp27m-win_amd64",
            ".pyd",
            "amd64",
            id="python2-windows",
        ),
        pytest.param(
            "3.14t-win_amd64",
            "cpython-3.14t-win_amd64",
            "cp314-cp314t-win_amd64",
            ".cp314t-win_amd64.pyd",
            "amd64",
            id="windows",
        ),
        pytest.param(
            "3.14d-win32",
            "cpython-3.14d-win32",
            "cp314-cp314d-win32",
            "_d.cp314-win32.pyd",
            "win32",
            id="windows-debug",
        ),
        pytest.param(
            "cp39-musllinux_1_2_aarch64",
            "cpython-3.9-musllinux_1_2_aarch64",
            "cp39-cp39-musllinux_1_1_aarch64",
            ".cpython-39-aarch64-linux-musl.so",
            "aarch64",
            id="musl",
        ),
        pytest.param(
            "cp310-musllinux_1_2_x86_64",
            "cpython-3.10-musllinux_1_2_x86_64",
            "cp310-cp310-musllinux_1_1_x86_64",
            ".cpython-310-x86_64-linux-gnu.so",  # as in the wheels of MarkupSafe and wrapt
            "x86_64",
            id="musl-before-its-triplet",
        ),
        pytest.param(
            "cpython@3.13-macosx_11_0_arm64",
            "cpython-3.13-macosx_11_0_arm64",
            "cp313-cp313-macosx_10_9_universal2",
            ".cpython-313-darwin.so",
            "arm64",
            id="macos",
        ),
        pytest.param(
            "3.13dt",
            f"cpython-3.13td-{HERE}",
            "cp313-cp313t-manylinux1_x86_64",
            ".cpython-313td-x86_64-linux-gnu.so",
            "x86_64",
            id="free-threaded-debug",
        ),
        pytest.param(
            "3.16t",
            f"cpython-3.16t-{HERE}",
            "cp315-abi3t-manylinux_2_5_x86_64",
            ".abi3t.so",
            "x86_64",
            id="to-come",
        ),
        pytest.param(
            "pypy3.11",
            f"pypy-3.11-{HERE}",
            "pp311-pypy311_pp73-manylinux_2_17_x86_64",
            ".pypy311-pp73-x86_64-linux-gnu.so",
            "x86_64",
            id="pypy",
        ),
    ],
)
def test_descriptions(text: str, name: str, tag: str, suffix: str, machine: str) -> None:
    target = describe(text, platform=HERE)
    assert target.name == name
    assert tag in map(str, target.tags)
    assert suffix in target.suffixes
    assert (target.machine, target.evidence) == (machine, Evidence.TABLE)


def test_names_of_windows_are_older_than_their_promise() -> None:
    exports = describe("3.6-win_amd64", platform=HERE).exports
    assert exports is not None
    assert "PyErr_SetFromWindowsErr" in exports
    assert "PyErr_SetFromWindowsErr" not in (describe("3.6", platform=HERE).exports or ())


@pytest.mark.parametrize(
    ("text", "content"),
    [
        pytest.param("", "describes no runtime", id="empty"),
        pytest.param("newest", "describes no runtime", id="word"),
        pytest.param("jython2.7", "cpython, pypy, graalpy", id="name"),
        pytest.param("3.12t", "from 3.13 on", id="too-old-for-free-threads"),
        pytest.param("3.12x", "describes no build", id="letter"),
        pytest.param("pypy3.11t", "describes no build", id="pypy-build"),
        pytest.param("3.12-vax", "not the platform", id="platform"),
        pytest.param("3.12-manylinux_2_28", "not the platform", id="platform-without-machine"),
    ],
)
def test_what_describes_nothing(text: str, content: str) -> None:
    with pytest.raises(DescriptionError, match=content):
        describe(text, platform=HERE)


@pytest.mark.parametrize(
    ("text", "there", "absent"),
    [
        pytest.param("3.8", "PyList_New", "PyType_GetModuleState", id="not-yet"),
        pytest.param("3.9", "PyType_GetModuleState", "PyCFunction_New", id="stable-and-exported"),
        pytest.param("3.12", "PyList_New", "PyErr_SetFromWindowsErr", id="not-on-linux"),
        pytest.param("3.12-win_amd64", "PyErr_SetFromWindowsErr", "PyOS_AfterFork", id="windows"),
        pytest.param("3.11d", "_Py_RefTotal", "_Py_DecRefShared", id="debug"),
        pytest.param("3.13t", "_Py_DecRefShared", "_Py_RefTotal", id="free-threaded"),
        pytest.param("3.16", "PyList_New", "PyUnicode_FromUnicode", id="removed-before"),
    ],
)
def test_exports(text: str, there: str, absent: str) -> None:
    exports = describe(text, platform=HERE).exports or frozenset()
    assert there in exports
    assert absent not in exports


@pytest.mark.parametrize("text", ["pypy3.11", "2.7"])
def test_what_the_table_does_not_have_exports_nothing_known(text: str) -> None:
    assert describe(text, platform=HERE).exports is None


@pytest.mark.parametrize("text", ["2.7", "2.7-win32"])
def test_python_2_looks_at_no_tagged_names(text: str) -> None:
    assert not any(
        "27" in suffix or "abi3" in suffix for suffix in describe(text, platform=HERE).suffixes
    )


def test_windows_has_its_own_format() -> None:
    assert describe("3.12-win_arm64", platform=HERE).format is Format.PE


def test_a_verdict_says_what_it_rests_on() -> None:
    wheel = artifact(extension("spam.abi3.so"), tag="cp38-abi3-manylinux_2_17_x86_64")
    verdict = judge(wheel, describe("3.16", platform=HERE), {})
    assert verdict.status is Status.UNVERIFIED
    assert any(each.kind is WarningKind.TABLE for each in verdict.warnings)


def test_names_that_no_later_version_promises_are_doubted() -> None:
    binary = elf_binary("_PyObject_GetDictPtr", "PyUnicode_FromUnicode", exports=("PyInit_spam",))
    module = extension("spam.abi3.so", binary)
    verdict = judge(artifact(module), describe("3.16", platform=HERE), {})
    assert [each.symbol for each in verdict.objections] == ["PyUnicode_FromUnicode"]
    assert any("_PyObject_GetDictPtr" in each.detail for each in verdict.warnings)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        pytest.param("3.9", True, id="some-micro-fits"),
        pytest.param("3.9.1", False, id="this-one-does-not"),
        pytest.param("3.8", False, id="none-fits"),
    ],
)
def test_requires_python(text: str, fits: bool) -> None:  # noqa: FBT001 - a row of the table
    wheel = replace(artifact(extension("spam.abi3.so")), requires_python=SpecifierSet(">=3.9.2"))
    causes = {each.cause for each in judge(wheel, describe(text, platform=HERE), {}).objections}
    assert (Cause.PACKAGE_PYTHON not in causes) is fits
