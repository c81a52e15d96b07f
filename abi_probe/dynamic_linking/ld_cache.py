"""Read glibc's list of libraries, `/etc/ld.so.cache`.

Source: glibc's `sysdeps/generic/dl-cache.h`. Two layouts exist, and the older may hold the newer.
It has entries of other machines too, which only opening the file shows.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OLD_MAGIC: Final = b"ld.so-1.7.0\0"
_NEW_MAGIC: Final = b"glibc-ld.so.cache1.1"
_OLD_ENTRY: Final = 12  # flags, name, path
_NEW_ENTRY: Final = 24  # flags, name, path, operating system's version, hardware capabilities
_NEW_HEADER: Final = 48
_BIG_ENDIAN_MARK: Final = 3  # in the newer header's flags
_MAX_STRING: Final = 4096


@functools.lru_cache(maxsize=4)  # the runtimes of a machine have one, or two, between them
def read_cache(data: bytes) -> Mapping[str, tuple[str, ...]]:
    """Read which paths the cache gives for each library name, in its order.

    Args:
        data: the whole file.

    Returns:
        Paths by name; empty when the file is not such a cache. Entries that point out of the
        file are left out, as the loader would not use them either.
    """
    if data.startswith(_NEW_MAGIC):
        return _read_new(data, 0)
    if not data.startswith(_OLD_MAGIC) or len(data) < len(_OLD_MAGIC) + 4:
        return {}
    for mark in "<>":  # the older header does not say its byte order, the count tells
        (count,) = struct.unpack_from(f"{mark}I", data, len(_OLD_MAGIC))
        strings = len(_OLD_MAGIC) + 4 + count * _OLD_ENTRY
        if strings <= len(data):
            newer = -(-strings // 8) * 8
            if data.startswith(_NEW_MAGIC, newer):
                return _read_new(data, newer)
            rows = struct.iter_unpack(f"{mark}iII", data[len(_OLD_MAGIC) + 4 : strings])
            return _collect(data, strings, ((name, path) for _, name, path in rows))
    return {}


def _read_new(data: bytes, start: int) -> Mapping[str, tuple[str, ...]]:
    if len(data) < start + _NEW_HEADER:
        return {}
    mark = ">" if data[start + 28] & 3 == _BIG_ENDIAN_MARK else "<"
    (count,) = struct.unpack_from(f"{mark}I", data, start + len(_NEW_MAGIC))
    first = start + _NEW_HEADER
    if first + count * _NEW_ENTRY > len(data):
        return {}
    rows = struct.iter_unpack(f"{mark}iIIIQ", data[first : first + count * _NEW_ENTRY])
    return _collect(data, start, ((name, path) for _, name, path, _, _ in rows))


def _collect(
    data: bytes, base: int, rows: Iterable[tuple[int, int]]
) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name_at, path_at in rows:
        name, path = _string(data, base + name_at), _string(data, base + path_at)
        if name and path and path not in found.get(name, ()):
            found[name] = (*found.get(name, ()), path)
    return found


def _string(data: bytes, start: int) -> str:
    end = data.find(b"\0", start, start + _MAX_STRING)
    return data[start:end].decode("utf-8", "surrogateescape") if end > 0 else ""
