"""Find names among the hashes of a GNU hash table."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEED: Final = 5381
_MASK: Final = 0xFFFFFFFF


def left_undefined(names: Iterable[str], given: Iterable[bytes]) -> frozenset[str]:
    """Return the names that none of some files defines.

    Args:
        names: that are needed.
        given: `Binary.hashes` of each file; no more are looked at than are needed.
    """
    wanted: dict[int, set[str]] = {}
    for name in names:
        wanted.setdefault(gnu_hash(name) | 1, set()).add(name)
    for hashes in given:
        if not wanted:
            break
        open_words = {word for odd in wanted for word in (odd, odd ^ 1)}
        for word in open_words.intersection(memoryview(hashes).cast("I")):
            wanted.pop(word | 1, None)
    return frozenset().union(*wanted.values())


@functools.lru_cache(maxsize=1 << 14)  # each runtime asks for the same names
def gnu_hash(name: str) -> int:
    """Return the hash of a name as the table of a file has it (glibc's `elf/dl-hash.h`)."""
    value = _SEED
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value * 33 + byte) & _MASK
    return value
