"""Say what a dynamic loader complains of although every library was found."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from abi_probe.elf.gnu_hash import left_undefined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import PurePosixPath

    from abi_probe.dynamic_linking.library_search import Loaded
    from abi_probe.model import VersionNeed

_STACK_STAYS: Final = (2, 41)  # the first glibc that lets no library change the stack
_LEVELS_COUNT: Final = (2, 33)  # the first glibc that looks at the processor's level
# Bytes that glibc keeps in each thread for what is loaded later, and what alignment may add; what
# was loaded before takes some of them. Measured: 1,651 to 1,699 with glibc 2.36 to 2.43.
_THREAD_MEMORY: Final = 1664 + 64


class UnmetVersion(Struct, frozen=True, kw_only=True):
    """A symbol version that the library found for it does not define.

    Attributes:
        need: library and version.
        needed_by: the file that needs it.
        provider: the library that was found.
    """

    need: VersionNeed
    needed_by: PurePosixPath
    provider: PurePosixPath


class UndefinedSymbol(Struct, frozen=True, kw_only=True):
    """A name that a file needs and that nothing in the process defines.

    Attributes:
        name: as C sees it.
        needed_by: the file that needs it.
    """

    name: str
    needed_by: PurePosixPath


def unmet_versions(
    everything: Sequence[Loaded], present: Mapping[str, Loaded]
) -> Iterator[UnmetVersion]:
    """Yield the versions that the library found for them does not define.

    Args:
        everything: what would be loaded.
        present: it and what the process has, by each name that satisfies a DT_NEEDED.
    """
    for each in everything:
        for need in each.binary.version_needs:
            provider = present.get(need.library)
            # glibc only warns of a library that defines no versions at all.
            if provider is None or not provider.binary.version_definitions:
                continue
            if need.version not in provider.binary.version_definitions:
                yield UnmetVersion(need=need, needed_by=each.path, provider=provider.path)


def undefined_names(
    everything: Sequence[Loaded], started: Sequence[Loaded]
) -> Iterator[UndefinedSymbol]:
    """Yield the names that the artifact's own files need in vain, as RTLD_NOW would find out.

    Args:
        everything: what would be loaded.
        started: what the process has from its start.
    """
    loaded = tuple(each.binary.hashes for each in everything)
    own = [each for each in everything if each.owned and each.binary.foreign]
    names = frozenset().union(*(_left(each.binary.foreign, loaded) for each in own))
    if names:  # which is rare, so that what the runtime itself has is seldom looked at
        names = left_undefined(names, (each.binary.hashes for each in started))
    for each in own:
        for name in each.binary.foreign:
            if name in names:
                yield UndefinedSymbol(name=name, needed_by=each.path)


@functools.lru_cache(maxsize=256)  # the same for every runtime
def _left(names: tuple[str, ...], given: tuple[bytes, ...]) -> frozenset[str]:
    return left_undefined(names, given)


def exec_stack_conflicts(
    everything: Sequence[Loaded],
    started: Sequence[Loaded],
    libc: tuple[str, tuple[int, ...]] | None,
) -> Iterator[PurePosixPath]:
    """Yield the files for which the stack would have to change while the process runs.

    Args:
        everything: what would be loaded.
        started: what the process has from its start, by whose wishes the stack is made.
        libc: the process's; None when it is not known.

    Source: the release notes of glibc 2.41, which refuses that.
    """
    if libc is None or libc[1] < _STACK_STAYS:
        return
    if not any(each.binary.executable_stack for each in started):
        for each in everything:
            if each.binary.executable_stack:
                yield each.path


def static_tls_overflow(everything: Sequence[Loaded]) -> int:
    """Return how many bytes of each thread files want at a fixed offset, 0 where there is space.

    Args:
        everything: what would be loaded.

    Source: glibc's `elf/dl-reloc.c`, "cannot allocate memory in static TLS block".
    """
    wanted = sum(each.binary.thread_memory for each in everything)
    return wanted if wanted > _THREAD_MEMORY else 0


def unsupported_isa_level(
    everything: Sequence[Loaded], level: int | None, libc: tuple[str, tuple[int, ...]] | None
) -> Iterator[PurePosixPath]:
    """Yield the files that mark a level of x86-64 as needed which the processor has not.

    Args:
        everything: what would be loaded.
        level: the processor's; None when it is not known.
        libc: the process's; None when it is not known.
    """
    if level is None or libc is None or libc[1] < _LEVELS_COUNT:
        return
    for each in everything:
        if each.binary.levels >> level:
            yield each.path
