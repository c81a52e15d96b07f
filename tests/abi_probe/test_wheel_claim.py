"""What the tags and the WHEEL record of a wheel promise, held against its files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from abi_probe.model import Binary, Format, VersionNeed
from abi_probe.tags import parse_tag
from abi_probe.target_spec import describe
from abi_probe.wheel_claim import PromiseKind, broken_promises, promised_runtimes
from tests.factories.artifacts import artifact, elf_binary, extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abi_probe.model import Artifact

LINUX = "manylinux_2_17_x86_64"
LIBRARY = elf_binary(exports=())
PROGRAM = replace(LIBRARY, shared_library=False, program=True)


def needs(version: str, binary: Binary | None = None) -> Binary:
    """Return a module's binary, or another, that needs a version of glibc."""
    base = binary or elf_binary("PyList_New")
    need = VersionNeed(library="libc.so.6", version=version)
    return replace(base, version_needs=(need,), needed=("libc.so.6",))


def machine(name: str, form: Format = Format.ELF) -> Binary:
    return replace(elf_binary("PyList_New"), machines=(name,), format=form)


def mac(*minimums: tuple[str, tuple[int, ...]]) -> Binary:
    return replace(
        machine("x", Format.MACHO),
        machines=tuple(name for name, _ in minimums),
        minimum_os=minimums,
    )


def wheel(tag: str, files: Mapping[str, Binary | None], **fields: Any) -> Artifact:  # noqa: ANN401 - of Artifact
    """Return a wheel with modules, libraries (`lib...`) and programs (without a suffix)."""
    own = {k: v for k, v in files.items() if v is None or v.exports}
    modules = [extension(path, binary) for path, binary in own.items()]
    others = {
        PurePosixPath(path): b for path, b in files.items() if b is not None and not b.exports
    }
    return replace(
        artifact(*modules, tag=tag),
        libraries={path: binary for path, binary in others.items() if not binary.program},
        programs={path: binary for path, binary in others.items() if binary.program},
        **fields,
    )


def kinds(found: Artifact) -> list[tuple[str, str | None]]:
    return sorted((each.kind.value, each.path) for each in broken_promises(found))


GLIBC = [
    pytest.param(LINUX, {"spam.abi3.so": needs("GLIBC_2.17")}, None, id="kept"),
    pytest.param(LINUX, {"spam.abi3.so": needs("GLIBC_2.34")}, "spam.abi3.so", id="module"),
    pytest.param(
        f"{LINUX}.manylinux_2_34_x86_64",
        {"spam.abi3.so": needs("GLIBC_2.34")},
        "spam.abi3.so",
        id="the-oldest-of-several-tags",
    ),
    pytest.param("manylinux1_x86_64", {"spam.abi3.so": needs("GLIBC_2.6")}, "spam.abi3.so", id="1"),
    pytest.param("linux_x86_64", {"spam.abi3.so": needs("GLIBC_2.99")}, None, id="none-promised"),
    pytest.param(
        LINUX,
        {"spam.abi3.so": None, "libspam.so.1": needs("GLIBC_2.34", LIBRARY)},
        "libspam.so.1",
        id="library",
    ),
    pytest.param(
        LINUX,
        {"spam.abi3.so": None, "bin/tool": needs("GLIBC_2.34", PROGRAM)},
        "bin/tool",
        id="program",
    ),
    pytest.param(
        LINUX,
        {"old/tool": needs("GLIBC_2.5", PROGRAM), "new/tool": needs("GLIBC_2.34", PROGRAM)},
        None,
        id="one-of-two-variants",
    ),
]


def test_the_version_that_ppc64le_got_before_its_time_is_not_counted() -> None:
    binary = replace(
        machine("ppc64le"),
        version_needs=(VersionNeed(library="ld64.so.2", version="GLIBC_2.22"),),
    )
    assert kinds(wheel("cp38-abi3-manylinux_2_17_ppc64le", {"spam.abi3.so": binary})) == []
    elsewhere = (VersionNeed(library="libc.so.6", version="GLIBC_2.22"),)
    binary = replace(binary, version_needs=elsewhere)
    assert kinds(wheel("cp38-abi3-manylinux_2_17_ppc64le", {"spam.abi3.so": binary})) == [
        ("glibc", "spam.abi3.so")
    ]


@pytest.mark.parametrize(("platform", "files", "broken"), GLIBC)
def test_a_file_needs_a_newer_glibc_than_the_tag(
    platform: str, files: Mapping[str, Binary | None], broken: str | None
) -> None:
    expected = [("glibc", broken)] if broken else []
    assert kinds(wheel(f"cp38-abi3-{platform}", files)) == expected


@pytest.mark.parametrize(
    ("platform", "binary", "kind"),
    [
        ("musllinux_1_1_x86_64", replace(elf_binary(), foreign=("qsort_r",)), "musl"),
        ("musllinux_1_2_x86_64", replace(elf_binary(), foreign=("qsort_r",)), None),
        ("musllinux_1_2_x86_64", replace(elf_binary(), needed=("libc.musl-x86_64.so.1",)), None),
        ("musllinux_1_2_x86_64", needs("GLIBC_2.5"), "libc"),
        (LINUX, replace(elf_binary(), needed=("libc.musl-x86_64.so.1",)), "libc"),
        (LINUX, replace(PROGRAM, interpreter="/lib/ld-musl-x86_64.so.1"), "libc"),
    ],
)
def test_a_file_is_for_another_c_library(platform: str, binary: Binary, kind: str | None) -> None:
    files = {"spam.abi3.so" if binary.exports else "tool": binary}
    found = wheel(f"cp38-abi3-{platform}", files)
    assert [each.kind.value for each in broken_promises(found)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("platform", "files", "broken"),
    [
        ("manylinux_2_17_aarch64", {"spam.abi3.so": machine("x86_64")}, "spam.abi3.so"),
        ("manylinux_2_17_aarch64", {"spam.abi3.so": machine("aarch64")}, None),
        ("linux_armv6l", {"spam.abi3.so": machine("armv7l")}, None),
        ("win_amd64", {"spam.pyd": machine("amd64", Format.PE)}, None),
        ("win_arm64", {"spam.pyd": machine("amd64", Format.PE)}, "spam.pyd"),
        ("win_amd64", {"spam.pyd": machine("x86_64")}, "spam.pyd"),
        ("macosx_11_0_universal2", {"spam.abi3.so": mac(("x86_64", (10, 9)))}, "spam.abi3.so"),
        ("android_21_arm64_v8a", {"spam.so": machine("x86_64")}, "spam.so"),
        (LINUX, {"lib/x": replace(LIBRARY, machines=("aarch64",))}, "lib/x"),
        (LINUX, {"tool": replace(PROGRAM, machines=("aarch64",))}, "tool"),
        (LINUX, {"tool.exe": replace(PROGRAM, format=Format.PE)}, "tool.exe"),
        (LINUX, {"spam.abi3.so": None, "tool.exe": replace(PROGRAM, format=Format.PE)}, None),
        (LINUX, {"arm": replace(PROGRAM, machines=("aarch64",)), "intel": PROGRAM}, None),
    ],
)
def test_a_file_is_for_another_machine(
    platform: str, files: Mapping[str, Binary | None], broken: str | None
) -> None:
    assert kinds(wheel(f"cp38-abi3-{platform}", files)) == ([("machine", broken)] if broken else [])


@pytest.mark.parametrize(
    ("platform", "minimums", "broken"),
    [
        ("macosx_11_0_arm64", (("arm64", (12, 0)),), True),
        ("macosx_11_0_arm64", (("arm64", (11, 3)),), False),
        ("macosx_10_9_x86_64", (("x86_64", (10, 13)),), True),
        ("macosx_10_9_universal2", (("x86_64", (10, 9)), ("arm64", (11, 0))), False),
        ("macosx_10_9_universal2", (("x86_64", (10, 9)), ("arm64", (12, 0))), True),
        ("macosx_10_16_x86_64", (("x86_64", (11, 0)),), False),
    ],
)
def test_a_file_needs_a_newer_macos(
    platform: str, minimums: tuple[tuple[str, tuple[int, ...]], ...], *, broken: bool
) -> None:
    found = wheel(f"cp38-abi3-{platform}", {"spam.abi3.so": mac(*minimums)})
    assert kinds(found) == ([("macos", "spam.abi3.so")] if broken else [])


TRIPLET = "x86_64-linux-gnu"


@pytest.mark.parametrize(
    ("tag", "name", "build"),
    [
        (f"cp37-abi3-{LINUX}", "spam.abi3.so", None),
        (f"cp37-abi3-{LINUX}", "spam.so", None),
        (f"cp37-abi3-{LINUX}", f"spam.cpython-39-{TRIPLET}.so", "3.7"),
        (f"cp39-abi3-{LINUX}", f"spam.cpython-39-{TRIPLET}.so", "3.10"),
        (f"cp312-abi3.abi3t-{LINUX}", "spam.abi3t.so", "3.12"),
        (f"cp315-abi3.abi3t-{LINUX}", "spam.abi3t.so", None),
        (f"cp315-abi3.abi3t-{LINUX}", "spam.abi3.so", "3.15t"),
        (f"cp312-cp312-{LINUX}", f"spam.cpython-313-{TRIPLET}.so", "3.12"),
        (f"cp312-cp312-{LINUX}", f"spam.cpython-312-{TRIPLET}.so", None),
        (f"cp313-cp313t-{LINUX}", f"spam.cpython-313t-{TRIPLET}.so", None),
        (f"cp313-cp313t-{LINUX}", f"spam.cpython-313-{TRIPLET}.so", "3.13t"),
        (f"cp37-cp37m-{LINUX}", f"spam.cpython-37m-{TRIPLET}.so", None),
        ("cp38-abi3-win_amd64", "spam.pyd", None),
        ("cp38-abi3-win_amd64", "spam.abi3.pyd", "3.8"),
        ("cp38-abi3-win_amd64", "spam.cp38-win_amd64.pyd", "3.9"),
        (f"cp312-none-{LINUX}", f"spam.cpython-311-{TRIPLET}.so", "3.12"),
    ],
)
def test_a_version_of_the_tag_does_not_find_the_module(
    tag: str, name: str, build: str | None
) -> None:
    binary = machine("amd64", Format.PE) if "win" in tag else None
    found = broken_promises(wheel(tag, {name: binary}))
    text = [each.need for each in found if each.kind is PromiseKind.SUFFIX]
    assert text == ([f"CPython {build}"] if build else [])


def test_a_module_that_is_found_another_way_is_no_broken_promise() -> None:
    name = f"spam.cpython-39-{TRIPLET}.so"
    both = wheel(f"cp38-abi3-{LINUX}", {name: None, "spam.abi3.so": None})
    assert kinds(both) == []
    source = wheel(f"cp38-abi3-{LINUX}", {name: None}, sources=frozenset({"spam"}))
    assert kinds(source) == []


def test_a_file_named_for_the_stable_abi_under_the_tag_of_a_version() -> None:
    assert kinds(wheel(f"cp39-cp39-{LINUX}", {"spam.abi3.so": None})) == [
        ("file-name", "spam.abi3.so")
    ]


@pytest.mark.parametrize(
    ("tag", "files", "fields", "broken"),
    [
        ("py3-none-any", {"spam.abi3.so": None}, {}, ("purelib", "spam.abi3.so")),
        ("py3-none-any", {"libspam.so": LIBRARY}, {}, ("purelib", "libspam.so")),
        ("py3-none-any", {"spam.dll": replace(LIBRARY, format=Format.PE)}, {}, None),
        ("py3-none-any", {"t.exe": replace(PROGRAM, format=Format.PE)}, {}, None),
        (
            f"cp38-abi3-{LINUX}",
            {"spam.abi3.so": None},
            {"purelib": True},
            ("purelib", "spam.abi3.so"),
        ),
        (f"cp38-abi3-{LINUX}", {"spam.abi3.so": None}, {"purelib": False}, None),
        (
            f"cp38-abi3-{LINUX}",
            {"spam.abi3.so": None},
            {"recorded_tags": parse_tag("py3-none-any")},
            ("wheel-record", None),
        ),
        (
            f"cp38-abi3-{LINUX}",
            {"spam.abi3.so": None},
            {"recorded_tags": parse_tag("cp38-abi3-linux_x86_64")},
            None,
        ),
    ],
)
def test_the_wheel_record_contradicts_the_files(
    tag: str,
    files: Mapping[str, Binary | None],
    fields: dict[str, Any],
    broken: tuple[str, str | None] | None,
) -> None:
    assert kinds(wheel(tag, files, **fields)) == ([broken] if broken else [])


@pytest.mark.parametrize(
    ("tag", "first", "last"),
    [
        (f"cp38-abi3-{LINUX}", f"cp38-{LINUX}", f"cp315-{LINUX}"),
        (f"cp38-abi3-manylinux_2_34_x86_64.{LINUX}", f"cp38-{LINUX}", f"cp315-{LINUX}"),
        (f"cp315-abi3.abi3t-{LINUX}", f"cp315-{LINUX}", f"cp315t-{LINUX}"),
        ("cp313-cp313t-win_amd64", "cp313t-win_amd64", "cp313t-win_amd64"),
        (f"pp311-pypy311_pp73-{LINUX}", f"pypy3.11-{LINUX}", f"pypy3.11-{LINUX}"),
        (
            "cp312-cp312-macosx_10_13_universal2",
            "cp312-macosx_10_13_arm64",
            "cp312-macosx_10_13_x86_64",
        ),
        ("py3-none-any", "cp36", "cp315"),
    ],
)
def test_the_runtimes_that_a_tag_promises(tag: str, first: str, last: str) -> None:
    found = promised_runtimes(parse_tag(tag))
    assert (found[0], found[-1]) == (first, last)
    assert all(describe(each, platform=LINUX) for each in found)
