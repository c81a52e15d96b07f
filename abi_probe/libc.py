"""Read off a binary which C library it needs, and which version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from abi_probe.model import Binary, VersionNeed

# musl has no symbol versions; these names came with a version. Source: musl's WHATSNEW.
_MUSL_SINCE: Final[Mapping[str, tuple[int, ...]]] = {
    "_Fork": (1, 2, 2),
    "gettid": (1, 2, 2),
    "reallocarray": (1, 2, 2),
    "pthread_getname_np": (1, 2, 3),
    "qsort_r": (1, 2, 3),
    "preadv2": (1, 2, 5),
    "pwritev2": (1, 2, 5),
    "statx": (1, 2, 5),
}
FOR_GLIBC: Final = "a build for glibc (manylinux)"
FOR_MUSL: Final = "a build for musl (musllinux)"
_LOADERS: Final = {"musl": "ld-musl-", "glibc": "ld-linux"}


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a symbol version such as GLIBC_2.28, for comparing; () for others."""
    numbers = version.rpartition("_")[2].split(".")
    return tuple(int(number) for number in numbers) if all(map(str.isdigit, numbers)) else ()


def glibc_needs(binary: Binary) -> Iterator[VersionNeed]:
    """Yield the versions of glibc that a binary needs, as the policies of manylinux count them.

    One is left out: the loader of ppc64le has `__tls_get_addr_opt@GLIBC_2.22` in the glibc 2.17 of
    the manylinux2014 image too, and what is built there asks for it (seen in multidict 6).
    """
    for need in binary.version_needs:
        backported = need.library == "ld64.so.2" and need.version == "GLIBC_2.22"
        if need.version.startswith("GLIBC_2") and not backported:
            yield need


def newest_glibc(binary: Binary) -> tuple[int, ...] | None:
    """Return the newest glibc whose symbols a binary needs; None where it names none."""
    return max((version_key(need.version) for need in glibc_needs(binary)), default=None) or None


def newest_musl(binary: Binary) -> tuple[int, ...] | None:
    """Return the minor version of musl that first had all names a binary needs; None if unknown.

    A patch release is left out, for platform tags of wheels do not name it.
    """
    found = [version[:2] for name in binary.foreign if (version := _MUSL_SINCE.get(name))]
    return max(found, default=None)


def other_libc(binary: Binary, name: str) -> bool:
    """Return whether a binary is built for the other one of `glibc` and `musl`."""
    return libc_of(binary) not in {None, name}


def libc_of(binary: Binary) -> str | None:
    """Return the C library that a binary is built for, `glibc` or `musl`; None if none shows."""
    for name, loader in _LOADERS.items():
        if loader in (binary.interpreter or ""):
            return name
    for library in binary.needed:
        if library.startswith(("libc.musl-", "ld-musl-")) or library == "libc.so":
            return "musl"
        if library.startswith(("libc.so.6", "ld-linux")):
            return "glibc"
    return None
