"""The wheel tags of runtimes, and what parts a wheel's from them."""

from __future__ import annotations

import platform
import sys
import sysconfig

import packaging.tags
import pytest
from packaging.tags import sys_tags

from abi_probe.platform_tags import platforms
from abi_probe.tags import parse_tag
from abi_probe.wheel_tags import differences, runtime_abis, runtime_tags
from tests.factories.artifacts import target


@pytest.mark.skipif(sys.platform != "linux", reason="asks for the C library of Linux")
def test_the_tags_of_this_interpreter_are_those_of_packaging() -> None:
    name, release = platform.libc_ver()
    libc = (name, tuple(map(int, release.split("."))))
    version = (sys.version_info.major, sys.version_info.minor)
    implementation = sys.implementation.name
    flags = [flag for flag in sys.abiflags if flag in "td"]
    abis = runtime_abis(implementation, version, flags, sysconfig.get_config_var("SOABI"))
    known = platforms(sysconfig.get_platform(), platform.machine(), libc)
    accepted = runtime_tags(implementation, version, abis, known)
    assert [*map(str, accepted)] == [*map(str, sys_tags())]


@pytest.mark.parametrize("version", [(2, 7), (3, 1), (3, 2), (3, 8), (3, 15)])
@pytest.mark.parametrize(
    ("implementation", "abis"),
    [
        ("cpython", ["cp{}"]),
        ("cpython", ["cp{}d", "cp{}"]),
        ("cpython", ["cp{}t"]),
        ("cpython", ["cp{}td", "cp{}t"]),
        ("pypy", ["pypy{}_pp73"]),
        ("graalpy", []),
    ],
)
def test_the_tags_of_any_runtime_are_those_of_packaging(
    implementation: str, abis: list[str], version: tuple[int, int]
) -> None:
    digits = f"{version[0]}{version[1]}"
    named = [abi.format(digits) for abi in abis]
    systems = ["manylinux_2_17_x86_64", "linux_x86_64"]
    if implementation == "cpython":
        own, pure = packaging.tags.cpython_tags(version, named, systems), f"cp{digits}"
    else:
        short = {"pypy": "pp"}.get(implementation, implementation)
        own = packaging.tags.generic_tags(f"{short}{digits}", named, systems)
        pure = "pp3" if implementation == "pypy" else ""
    compatible = packaging.tags.compatible_tags(version, pure, systems)
    ours = runtime_tags(implementation, version, named, systems)
    assert [*map(str, ours)] == [*map(str, (*own, *compatible))]


@pytest.mark.parametrize(
    ("implementation", "version", "flags", "soabi", "expected"),
    [
        pytest.param("cpython", (3, 11), "", None, ("cp311",), id="release"),
        pytest.param("cpython", (3, 11), "d", None, ("cp311d", "cp311"), id="debug"),
        pytest.param("cpython", (3, 13), "td", None, ("cp313td", "cp313t"), id="threaded-debug"),
        pytest.param("cpython", (3, 7), "dm", None, ("cp37dm",), id="debug-alone"),
        pytest.param(
            "pypy", (3, 10), "", "pypy310-pp73-x86_64-linux-gnu", ("pypy310_pp73",), id="pypy"
        ),
        pytest.param(
            "graalpy",
            (3, 12),
            "",
            "graalpy250-312-native-x86_64-linux",
            ("graalpy250_312_native",),
            id="graalpy",
        ),
        pytest.param(
            "pyston",
            (3, 8),
            "",
            "pyston-23-x86_64-linux-gnu",
            ("pyston_23_x86_64_linux_gnu",),
            id="pyston",
        ),
        pytest.param(
            "somefork",
            (3, 13),
            "",
            "cpython-313-x86_64-linux-gnu",
            ("cp313",),
            id="renamed-with-the-soabi-of-cpython",
        ),
        pytest.param("jython", (2, 7), "", None, (), id="nothing-native"),
    ],
)
def test_abis(
    implementation: str,
    version: tuple[int, int],
    flags: str,
    soabi: str | None,
    expected: tuple[str, ...],
) -> None:
    assert runtime_abis(implementation, version, tuple(flags), soabi) == expected


LINUX = "manylinux_2_17_x86_64"


@pytest.mark.parametrize(
    ("tag", "runtime", "part", "detail"),
    [
        pytest.param(
            f"cp312-abi3-{LINUX}", "3.11", "floor", "cp312-abi3 needs 3.12 or newer", id="floor"
        ),
        pytest.param("py312-none-any", "3.11", "floor", "py312 needs 3.12 or newer", id="py-floor"),
        pytest.param(
            f"cp310-cp310-{LINUX}",
            "3.11",
            "version",
            "built for CPython 3.10 only, this is CPython 3.11",
            id="version",
        ),
        pytest.param(
            "py2-none-any",
            "3.11",
            "version",
            "built for Python 2 only, this is CPython 3.11",
            id="python-2",
        ),
        pytest.param(
            f"pp310-pypy310_pp73-{LINUX}",
            "3.10",
            "implementation",
            "built for PyPy, this is CPython 3.10",
            id="implementation",
        ),
        pytest.param(
            f"cp310-abi3-{LINUX}",
            "pypy 3.10",
            "implementation",
            "built for CPython, this is PyPy 3.10",
            id="stable-abi-on-pypy",
        ),
        pytest.param(
            f"pp310-pypy310_pp70-{LINUX}",
            "pypy 3.10",
            "abi",
            "built for the ABI pypy310_pp70, this runtime has pypy310_pp73",
            id="another-pypy",
        ),
        pytest.param(
            f"cp313-cp313t-{LINUX}",
            "3.13",
            "abi",
            "cp313t is for free-threaded builds, this one is built with a GIL",
            id="free-threaded-on-gil",
        ),
        pytest.param(
            f"cp313-cp313-{LINUX}",
            "3.13 t",
            "abi",
            "cp313 is for builds with a GIL, this one is free-threaded",
            id="gil-on-free-threaded",
        ),
        pytest.param(
            f"cp311-abi3-{LINUX}",
            "3.13 t",
            "abi",
            "abi3 does not load on free-threaded builds",
            id="abi3-on-free-threaded",
        ),
        pytest.param(
            f"cp315-abi3t-{LINUX}",
            "3.15",
            "abi",
            "abi3t does not load on builds with a GIL",
            id="abi3t-on-gil",
        ),
        pytest.param(
            f"cp311-cp311d-{LINUX}",
            "3.11",
            "abi",
            "cp311d is for debug builds, this is a release build",
            id="debug-on-release",
        ),
        pytest.param(
            "cp311-cp311-manylinux_2_39_x86_64",
            "3.11",
            "platform",
            "needs glibc 2.39, this runtime has 2.36",
            id="glibc",
        ),
        pytest.param(
            "cp311-cp311-manylinux_2_17_aarch64",
            "3.11",
            "platform",
            "built for manylinux_2_17_aarch64, this machine is x86_64",
            id="machine",
        ),
        pytest.param(
            "cp311-cp311-musllinux_1_2_x86_64",
            "3.11",
            "platform",
            "built for musl (musllinux_1_2_x86_64), this is cpython-3.11",
            id="musl",
        ),
        pytest.param(
            "cp311-cp311-win_amd64",
            "3.11",
            "platform",
            "built for windows (win_amd64), this is cpython-3.11",
            id="system",
        ),
    ],
)
def test_difference(tag: str, runtime: str, part: str, detail: str) -> None:
    first, _, second = runtime.partition(" ")
    other = first == "pypy"
    there = target(second, implementation="pypy") if other else target(first, flags=second)
    (found,) = differences(parse_tag(tag), there)
    assert (str(found.tag), found.part, found.detail) == (tag, part, detail)


@pytest.mark.parametrize(
    ("tag", "version", "flags"),
    [
        pytest.param("py2.py3-none-any", "3.11", "", id="any"),
        pytest.param(f"cp311-cp311-{LINUX}", "3.11", "d", id="release-on-debug"),
        pytest.param(f"cp32-abi3-{LINUX}", "3.11", "", id="old-floor"),
        pytest.param(f"cp310.cp311-cp311-win_amd64.{LINUX}", "3.11", "", id="one-of-many"),
    ],
)
def test_no_difference(tag: str, version: str, flags: str) -> None:
    assert differences(parse_tag(tag), target(version, flags=flags)) == []


def test_the_nearest_comes_first() -> None:
    tags = parse_tag("cp311-cp311-win_amd64.manylinux_2_39_x86_64") | parse_tag("cp39-cp39-any")
    found = differences(tags, target("3.11"))
    assert [each.part for each in found] == ["platform", "version", "platform"]
    assert str(found[0].tag) == "cp311-cp311-manylinux_2_39_x86_64"
