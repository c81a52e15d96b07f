"""Keep values in files of JSON; one that is damaged, foreign or of another version is ignored."""

from __future__ import annotations

import os
import time
import zlib
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from packaging.version import Version

from runtimes.storage.files import LIMIT, load, save

if TYPE_CHECKING:
    from collections.abc import Collection

_Value = TypeVar("_Value")
_DAYS: Final = 90  # of a file that no search has used; what it holds is found out once more
_FILES: Final = 1000  # that are kept besides those in use; of 28 runtimes they take 0.9 MB
_TORN_HOURS: Final = 1  # of what a writer left that was killed


def read(path: str | os.PathLike[str], kind: type[_Value], limit: int = LIMIT) -> _Value | None:
    """Return a value of a type; None where its file is absent, damaged, foreign or of another."""
    content = load(path, limit)
    return decode(content, kind) if content is not None else None


def write(path: str | os.PathLike[str], value: object) -> None:
    """Write a value, at once or not at all.

    Raises:
        OSError: it cannot be written, or another user can write its folder.
    """
    save(path, encode(value))


def encode(value: object) -> bytes:
    """Return a value as JSON."""
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:  # of a path that is not UTF-8
        import json  # 2 ms, for the few

        return json.dumps(msgspec.to_builtins(value, enc_hook=str)).encode()


def decode(content: bytes, kind: type[_Value]) -> _Value | None:
    """Return a value of a type from JSON; None where it is damaged, or of another type."""
    with suppress(ValueError, RecursionError):
        try:
            return msgspec.json.decode(content, type=kind, dec_hook=_decoded)
        except msgspec.DecodeError:  # it has a path that is not UTF-8, or is damaged
            import json

            return msgspec.convert(json.loads(content), kind, dec_hook=_decoded)
    return None


def file_for(folder: str, key: str, kind: str = "") -> str:
    """Return the file of a value, whose name begins with its kind.

    Not for safety: a value of another key in its place is recognized by the key inside.
    """
    return os.path.join(folder, f"{kind}{digest(key.encode())}.json")  # noqa: PTH118 - hot


def digest(content: bytes) -> str:
    """Return one word for what is not worth forging; `hashlib` takes 3 ms to import."""
    return f"{zlib.crc32(content):08x}{zlib.adler32(content):08x}"


def prune(folder: str, used: Collection[str]) -> None:
    """Remove what is too old, and of the rest the oldest where it is too much.

    What goes is found out again when it is needed, so nothing can come out wrong: not when another
    process writes at the same time, and not when the clock is.

    Args:
        folder: of nothing but values.
        used: the files in use, which stay.
    """
    now = time.time()
    try:
        with os.scandir(folder) as entries:
            found = [(entry.path, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:  # one of them is going just now
        return
    others = sorted((now - status.st_mtime, path) for path, status in found if path not in used)
    for index, (age, path) in enumerate(others):
        hours = 24 * _DAYS if path.endswith(".json") else _TORN_HOURS
        if index >= _FILES or age > hours * 3600:
            with suppress(OSError):
                Path(path).unlink()


def _decoded(kind: type, value: object) -> object:
    """Return a path or a version from its text."""
    if issubclass(kind, PurePath | Version) and isinstance(value, str):
        return kind(value)
    raise ValueError(f"not a {kind.__name__}")
