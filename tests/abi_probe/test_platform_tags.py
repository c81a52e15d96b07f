"""The names of platforms in wheel tags."""

from __future__ import annotations

import pytest

from abi_probe.platform_tags import family, glibc_of, platforms


@pytest.mark.parametrize(
    ("tag", "machine", "libc", "first", "last"),
    [
        pytest.param(
            "linux-x86_64",
            "x86_64",
            ("glibc", (2, 36)),
            ("linux_x86_64", "manylinux_2_36_x86_64"),
            ("manylinux_2_5_x86_64", "manylinux1_x86_64"),
            id="glibc",
        ),
        pytest.param(
            "linux-aarch64",
            "aarch64",
            ("glibc", (2, 28)),
            ("linux_aarch64", "manylinux_2_28_aarch64"),
            ("manylinux_2_17_aarch64", "manylinux2014_aarch64"),
            id="glibc-elsewhere",
        ),
        pytest.param(
            "linux-x86_64",
            "x86_64",
            ("musl", (1, 2, 5)),
            ("linux_x86_64", "musllinux_1_2_x86_64"),
            ("musllinux_1_1_x86_64", "musllinux_1_0_x86_64"),
            id="musl",
        ),
        pytest.param(
            "linux-x86_64", "x86_64", None, ("linux_x86_64",), ("linux_x86_64",), id="no-libc"
        ),
        pytest.param("win-amd64", "amd64", None, ("win_amd64",), ("win_amd64",), id="windows"),
        pytest.param(
            "macosx-11.0-arm64",
            "arm64",
            None,
            ("macosx_11_0_arm64", "macosx_11_0_universal2"),
            ("macosx_10_4_universal2",),
            id="macos",
        ),
        pytest.param(
            "emscripten-4.0.9-wasm32",
            "wasm32",
            None,
            ("emscripten_4_0_9_wasm32",),
            ("emscripten_4_0_9_wasm32",),
            id="emscripten",
        ),
    ],
)
def test_platforms(
    tag: str,
    machine: str,
    libc: tuple[str, tuple[int, ...]] | None,
    first: tuple[str, ...],
    last: tuple[str, ...],
) -> None:
    found = platforms(tag, machine, libc)
    assert found[: len(first)] == first
    assert found[-len(last) :] == last
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("platform", "glibc", "system"),
    [
        pytest.param("manylinux_2_28_x86_64", (2, 28), "glibc", id="pep-600"),
        pytest.param("manylinux2014_x86_64", (2, 17), "glibc", id="2014"),
        pytest.param("manylinux2010_i686", (2, 12), "glibc", id="2010"),
        pytest.param("manylinux1_x86_64", (2, 5), "glibc", id="1"),
        pytest.param("manylinux_x_y_z", None, "glibc", id="without-numbers"),
        pytest.param("musllinux_1_2_x86_64", None, "musl", id="musl"),
        pytest.param("linux_x86_64", None, "linux", id="linux"),
        pytest.param("macosx_11_0_arm64", None, "macos", id="macos"),
        pytest.param("win_amd64", None, "windows", id="windows"),
        pytest.param("any", None, "any", id="any"),
        pytest.param("wasi_0_0_0_wasm32", None, "wasi_0_0_0_wasm32", id="other"),
    ],
)
def test_what_a_platform_says(platform: str, glibc: tuple[int, int] | None, system: str) -> None:
    assert glibc_of(platform) == glibc
    assert family(platform) == system
