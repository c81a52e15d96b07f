"""Shared libraries and programs of an artifact, judged for machine and C library."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace

from abi_probe.checks import judge
from abi_probe.model import Artifact, Binary, Format, VersionNeed
from abi_probe.verdict import Cause, Status
from tests.factories.artifacts import artifact, elf_binary, extension, target

LIBRARY = elf_binary(exports=())
PROGRAM = replace(LIBRARY, shared_library=False, program=True)
ARM = replace(PROGRAM, machines=("aarch64",))
WINDOWS = replace(PROGRAM, format=Format.PE, machines=("amd64",))
HERE = {"/lib64/ld-linux-x86-64.so.2": ("glibc", (2, 36))}


def needs(version: str, binary: Binary) -> Binary:
    need = VersionNeed(library="libc.so.6", version=version)
    return replace(binary, version_needs=(need,), needed=("libc.so.6",))


def wheel(*binaries: Binary, tag: str = "py3-none-any", native: bool = False) -> Artifact:
    modules = [extension("spam.abi3.so")] if native else []
    files = {PurePosixPath(f"{at}/file"): binary for at, binary in enumerate(binaries)}
    return replace(
        artifact(*modules, tag=tag),
        libraries={path: binary for path, binary in files.items() if not binary.program},
        programs={path: binary for path, binary in files.items() if binary.program},
    )


LINUX = "py3-none-manylinux_2_17_x86_64"


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        pytest.param(wheel(LIBRARY, tag=LINUX), False, id="library"),
        pytest.param(wheel(PROGRAM, tag=LINUX), False, id="program"),
        pytest.param(wheel(ARM, tag=LINUX), True, id="machine"),
        pytest.param(wheel(WINDOWS, tag=LINUX), True, id="system"),
        pytest.param(wheel(WINDOWS), False, id="launchers-of-windows-in-a-wheel-for-all"),
        pytest.param(wheel(ARM, PROGRAM, tag=LINUX), False, id="one-of-two-machines"),
        pytest.param(wheel(needs("GLIBC_2.36", LIBRARY), tag=LINUX), False, id="glibc"),
        pytest.param(wheel(needs("GLIBC_2.37", LIBRARY), tag=LINUX), True, id="newer-glibc"),
        pytest.param(wheel(needs("GLIBC_2.37", PROGRAM), tag=LINUX), True, id="newer-for-program"),
        pytest.param(
            wheel(replace(LIBRARY, needed=("libc.musl-x86_64.so.1",))), True, id="for-musl"
        ),
        pytest.param(
            wheel(replace(LIBRARY, needed=("libc.musl-x86_64.so.1",)), LIBRARY),
            False,
            id="one-for-each-libc",
        ),
    ],
)
def test_libraries_and_programs_decide_where_there_are_no_modules(
    found: Artifact, *, refused: bool
) -> None:
    verdict = judge(found, target())
    expected = Status.INCOMPATIBLE if refused else Status.UNVERIFIED
    assert verdict.status is expected
    assert {each.cause for each in verdict.objections} <= {Cause.PLATFORM}


@pytest.mark.parametrize(
    ("interpreter", "refused"),
    [
        pytest.param("/lib64/ld-linux-x86-64.so.2", False, id="here"),
        pytest.param("/lib/ld-musl-x86_64.so.1", True, id="not-here"),
    ],
)
def test_a_program_is_started_by_its_own_loader(interpreter: str, *, refused: bool) -> None:
    found = wheel(replace(PROGRAM, interpreter=interpreter), tag=LINUX)
    loaders = {interpreter: HERE.get(interpreter)}
    verdict = judge(found, target(), loaders=loaders)
    assert (verdict.status is Status.INCOMPATIBLE) is refused


def test_they_only_warn_where_modules_decide() -> None:
    tag = "cp38-abi3-manylinux_2_17_x86_64"
    verdict = judge(wheel(needs("GLIBC_2.37", PROGRAM), tag=tag, native=True), target())
    assert verdict.status is Status.UNVERIFIED
    assert any("0/file needs glibc 2.37" in each.detail for each in verdict.warnings)


def test_nothing_native_means_nothing_native() -> None:
    assert judge(wheel(), target()).status is Status.COMPATIBLE
    assert judge(wheel(WINDOWS), target()).status is Status.UNVERIFIED
