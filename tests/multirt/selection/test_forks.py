"""Forks of CPython, emulated from what real ones answered: what multirt makes of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from abi_probe import Status, judge
from multirt.environments.abi_target import target_of
from multirt.environments.markers import marker_environment
from multirt.program import evaluate_guard
from multirt.selection.constraint_checks import facts_of
from runtimes import is_cpython, rank
from runtimes.facts import runtime_of
from tests.factories.artifacts import artifact, elf_binary, extension

LINUX = "x86_64-linux-gnu"
NAMES = ("object", "type", "list", "dict", "tuple", "int", "float", "module")


def reply(
    name: str, version: str, soabi: str, sizes: tuple[int, ...], **change: object
) -> dict[str, object]:
    """Return the facts that a fork answers, which claims to be CPython to `platform`."""
    parts = [*map(int, version.split(".")), "final", 0]
    return {
        "implementation": name,
        "implementation_version": parts,
        "version": parts,
        "system": "linux",
        "byte_order": "little",
        "bits": 64,
        "tag": "linux-x86_64",
        "machine": "x86_64",
        "libc": "glibc 2.36",
        "stdlib": "os site venv",
        "suffixes": [f".{soabi}.so", ".abi3.so", ".so"],
        "build": {"SOABI": soabi},
        "sizes": dict(zip(NAMES, sizes, strict=True)),
        "markers": {
            "implementation_name": soabi.partition("-")[0],
            "implementation_version": parts,
            "platform_python_implementation": "CPython",
        },
        **change,
    }


CPYTHON = reply("cpython", "3.8.12", f"cpython-38-{LINUX}", (16, 880, 40, 48, 24, 24, 24, 56))
STACKLESS = reply(
    "stackless",
    "3.7.5",
    f"cpython-37m-{LINUX}",
    (16, 864, 40, 48, 24, 24, 24, 56),
    abiflags="m",
)
GILECTOMY = reply(
    "cpython",
    "3.6.0",
    f"cpython-36m-{LINUX}",
    (16, 880, 112, 112, 24, 24, 24, 56),
    abiflags="m",
)
NOGIL = reply(
    "nogil", "3.9.10", f"nogil-39b-{LINUX}", (24, 896, 56, 56, 32, 32, 32, 72), nogil=True
)
PYSTON = reply(
    "pyston",
    "3.8.12",
    f"pyston-23-{LINUX}",
    (16, 912, 40, 48, 24, 24, 24, 104),
    implementation_version=[2, 3, 5, "final", 0],
)
FORKS = {"stackless": STACKLESS, "gilectomy": GILECTOMY, "nogil": NOGIL, "pyston": PYSTON}


def verdict(facts: dict[str, object], file: str, tag: str | None) -> tuple[Status, list[str], bool]:
    """Return status, causes, and whether there are warnings of an artifact with one module."""
    runtime = runtime_of(facts, Path("/opt/bin/python3"), "PATH")
    module = extension(file, elf_binary("PyList_New", "_Py_Dealloc"))
    found = judge(artifact(module, tag=tag), target_of(runtime, None))
    return found.status, [each.cause.value for each in found.objections], bool(found.warnings)


@pytest.mark.parametrize(
    ("fork", "file", "tag", "causes"),
    [
        pytest.param(
            "stackless",
            f"spam.cpython-37m-{LINUX}.so",
            "cp37-cp37m-manylinux_2_17_x86_64",
            [],
            id="stackless-is-cpython",
        ),
        pytest.param(
            "stackless", "spam.abi3.so", "cp36-abi3-manylinux_2_17_x86_64", [], id="stackless-abi3"
        ),
        pytest.param(
            "gilectomy",
            f"spam.cpython-36m-{LINUX}.so",
            "cp36-cp36m-manylinux_2_17_x86_64",
            ["abi-kind"],
            id="gilectomy-is-not-cpython",
        ),
        pytest.param(
            "gilectomy",
            "spam.so",
            "cp36-cp36m-musllinux_1_1_x86_64",
            ["abi-tag", "abi-kind"],
            id="gilectomy-bare-name-of-a-version",
        ),
        pytest.param(
            "gilectomy",
            f"spam.cpython-36m-{LINUX}.so",
            "cp36-cp36m-linux_x86_64",
            [],
            id="gilectomy-own-build",
        ),
        pytest.param(
            "gilectomy", f"spam.cpython-36m-{LINUX}.so", None, [], id="gilectomy-untagged"
        ),
        pytest.param(
            "gilectomy", "spam.abi3.so", "cp36-abi3-manylinux_2_17_x86_64", [], id="gilectomy-abi3"
        ),
        pytest.param(
            "nogil",
            f"spam.nogil-39b-{LINUX}.so",
            f"nogil39-nogil_39b_{LINUX.replace('-', '_')}-linux_x86_64",
            [],
            id="nogil-own-build",
        ),
        pytest.param("nogil", f"spam.nogil-39b-{LINUX}.so", None, [], id="nogil-own-file"),
        pytest.param(
            "nogil",
            "spam.abi3.so",
            "cp36-abi3-manylinux_2_17_x86_64",
            ["abi-tag", "abi-kind"],
            id="nogil-loads-no-abi3",
        ),
        pytest.param(
            "nogil",
            "spam.so",
            "py3-none-manylinux_2_17_x86_64",
            ["abi-kind"],
            id="nogil-untagged-module",
        ),
        pytest.param(
            "pyston",
            f"spam.pyston-23-{LINUX}.so",
            f"pyston38-pyston_23_{LINUX.replace('-', '_')}-linux_x86_64",
            [],
            id="pyston-own-wheel",
        ),
        pytest.param("pyston", "spam.abi3.so", None, [], id="pyston-abi3"),
        pytest.param(
            "pyston",
            f"spam.cpython-38-{LINUX}.so",
            "cp38-cp38-manylinux_2_17_x86_64",
            ["abi-tag", "abi-suffix"],
            id="pyston-is-not-cpython",
        ),
    ],
)
def test_verdicts_on_forks(fork: str, file: str, tag: str | None, causes: list[str]) -> None:
    status, found, _ = verdict(FORKS[fork], file, tag)
    assert found == causes
    assert status is (Status.INCOMPATIBLE if causes else Status.UNVERIFIED)


@pytest.mark.parametrize("tag", ["cp36-cp36m-linux_x86_64", None])
def test_a_file_that_the_fork_itself_may_have_built_is_a_warning(tag: str | None) -> None:
    assert verdict(GILECTOMY, f"spam.cpython-36m-{LINUX}.so", tag)[2]


def test_an_objection_to_the_layout_names_the_type_and_its_sizes() -> None:
    runtime = runtime_of(GILECTOMY, Path("/opt/bin/python3"), "PATH")
    module = extension(f"spam.cpython-36m-{LINUX}.so", elf_binary("PyList_New"))
    wheel = artifact(module, tag="cp36-cp36m-manylinux1_x86_64")
    (objection,) = judge(wheel, target_of(runtime, None)).objections
    assert objection.symbol == "type"
    assert "864" in objection.detail
    assert "880" in objection.detail


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(CPYTHON, True, id="cpython"),
        pytest.param({**CPYTHON, "sizes": None}, True, id="sizes-are-not-known"),
        pytest.param({**CPYTHON, "bits": 32}, True, id="no-table-for-32-bit"),
        pytest.param({**CPYTHON, "sizes": {"list": 48}}, False, id="one-field-more"),
        pytest.param(
            {**CPYTHON, "sizes": {"object": 32}, "traces_references": True},
            True,
            id="trace-refs-before-3.13",
        ),
        pytest.param(STACKLESS, False, id="stackless"),
        pytest.param(GILECTOMY, False, id="gilectomy"),
        pytest.param(NOGIL, False, id="nogil"),
        pytest.param(PYSTON, False, id="pyston"),
    ],
)
def test_what_is_cpython(facts: dict[str, object], *, expected: bool) -> None:
    assert is_cpython(runtime_of(facts, Path("/opt/bin/python3"), "PATH")) is expected


def test_a_fork_that_carries_the_name_of_cpython_comes_after_it() -> None:
    newer = {**CPYTHON, "version": [3, 8, 99, "final", 0], "sizes": {"list": 48}}
    fork, own = (runtime_of(each, Path("/opt/bin/python3"), "PATH") for each in (newer, CPYTHON))
    assert sorted([fork, own], key=rank) == [own, fork]


def test_nogil_is_free_threaded() -> None:
    runtime = runtime_of(NOGIL, Path("/opt/bin/python3"), "PATH")
    assert runtime.abi.free_threaded
    assert runtime.abi.stable_abis == ()


@pytest.mark.parametrize(
    ("fork", "name", "version"),
    [
        pytest.param("stackless", "cpython", "3.7.5", id="stackless"),
        pytest.param("gilectomy", "cpython", "3.6.0", id="gilectomy"),
        pytest.param("nogil", "nogil", "3.9.10", id="nogil"),
        pytest.param("pyston", "pyston", "3.8.12", id="pyston"),
    ],
)
def test_markers_and_conditions_see_what_the_fork_answers(
    fork: str, name: str, version: str
) -> None:
    runtime = runtime_of(FORKS[fork], Path("/opt/bin/python3"), "PATH")
    markers = marker_environment(runtime)
    assert markers["implementation_name"] == name
    assert markers["implementation_version"] == version
    assert markers["platform_python_implementation"] == "CPython"
    facts = facts_of(runtime)
    assert evaluate_guard("platform.python_implementation() == 'CPython'", facts)
    assert evaluate_guard("sys.implementation.name == 'cpython'", facts) is (name == "cpython")


def test_markers_before_3_3_have_no_implementation_name() -> None:
    old = {**CPYTHON, "version": [2, 7, 18, "final", 0], "markers": None}
    markers = marker_environment(runtime_of(old, Path("/opt/bin/python2"), "PATH"))
    assert markers["implementation_name"] == ""
    assert markers["implementation_version"] == "0"


def test_pyodide_is_cpython_to_markers_and_tags() -> None:
    own = {
        "implementation_name": "cpython",
        "implementation_version": [3, 14, 2, "final", 0],
        "platform_python_implementation": "CPython",
    }
    facts = {**CPYTHON, "implementation": "pyodide", "version": [3, 14, 2, "final", 0]}
    runtime = runtime_of({**facts, "markers": own}, Path("/opt/bin/pyodide"), "PATH")
    assert target_of(runtime, None).implementation == "cpython"
    assert evaluate_guard("sys.implementation.name == 'cpython'", facts_of(runtime))
    assert runtime.implementation.name == "pyodide"
