"""Make small extensions, artifacts and targets to judge."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace
from packaging.version import Version

from abi_probe.filename import read_claim, stem
from abi_probe.model import (
    Artifact,
    ArtifactKind,
    Binary,
    Extension,
    Format,
    ImportedSymbol,
    Target,
)
from abi_probe.platform_tags import platforms
from abi_probe.tags import parse_tag
from abi_probe.wheel_tags import runtime_abis, runtime_tags
from tests.abi_probe.elf_bytes import EXTENSION, Symbol, elf

if TYPE_CHECKING:
    from collections.abc import Iterable

GLIBC = ("glibc", (2, 36))
LINUX = "x86_64-linux-gnu"
SPAM = elf(replace(EXTENSION, texts=(), needs=(), definitions=()))
"""The bytes of a module `spam` that needs no library."""
LIBRARY = elf(
    replace(
        EXTENSION,
        symbols=(Symbol(name="PyHelper_New", section=7),),
        texts=((14, "libhelper.so.1"),),
        needs=(),
        definitions=(),
    )
)
"""The bytes of a library that is no module."""


def elf_binary(
    *imports: str, exports: Iterable[str] = ("PyInit_spam",), weak: Iterable[str] = ()
) -> Binary:
    """Return what a file for x86_64 Linux says, with names that it needs."""
    return Binary(
        format=Format.ELF,
        machines=("x86_64",),
        bits=64,
        byte_order="little",
        imports=(
            *(ImportedSymbol(name=name) for name in imports),
            *(ImportedSymbol(name=name, weak=True) for name in weak),
        ),
        exports=frozenset(exports),
    )


def extension(path: str, binary: Binary | None = None) -> Extension:
    """Return the module that a path is for."""
    location = PurePosixPath(path)
    claim = read_claim(location.name)
    assert claim is not None
    last = stem(location.name)
    parts = [*location.parent.parts, *([last] if last != "__init__" else [])]
    own = binary or elf_binary("PyList_New", exports=(f"PyInit_{parts[-1]}",))
    return Extension(path=location, module=".".join(parts), claim=claim, binary=own)


def artifact(*extensions: Extension, tag: str | None = None) -> Artifact:
    """Return a wheel with some extensions, tagged or not."""
    return Artifact(
        target="spam.whl",
        kind=ArtifactKind.WHEEL,
        name="spam",
        version=Version("1.0"),
        tags=parse_tag(tag) if tag else frozenset(),
        extensions=extensions,
    )


def target(
    version: str = "3.11.4",
    *,
    implementation: str = "cpython",
    flags: str = "",
    suffixes: tuple[str, ...] | None = None,
    exports: Iterable[str] | None = ("PyList_New",),
) -> Target:
    """Return a runtime on x86_64 Linux with glibc 2.36, whose tags are computed as always."""
    parsed = Version(version)
    number = (parsed.major, parsed.minor)
    digits = f"{number[0]}{number[1]}"
    soabi = f"{implementation}{digits}-pp73-{LINUX}" if implementation == "pypy" else None
    abis = runtime_abis(implementation, number, tuple(flags), soabi)
    tags = runtime_tags(implementation, number, abis, platforms("linux-x86_64", "x86_64", GLIBC))
    usual = (f".cpython-{digits}{flags}-{LINUX}.so", ".abi3.so", ".so")
    return Target(
        name=f"{implementation}-{version}{flags}",
        implementation=implementation,
        version=parsed,
        tags=tags,
        suffixes=usual if suffixes is None else suffixes,
        debug="d" in flags,
        free_threaded="t" in flags,
        format=Format.ELF,
        machine="x86_64",
        bits=64,
        libc=GLIBC,
        exports=frozenset(exports) if exports is not None else None,
    )
