"""Keep what was found out in files, each of which counts only while what it rests on is as it was.

Whatever else is wrong with a file or the folder, the work is simply done again.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct, field

from runtimes.storage import cache
from runtimes.storage.files import load, save
from runtimes.storage.fingerprint import Fingerprints, any_racy, is_current, of_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SCHEMA: Final = 1
_LIMIT: Final = 256 << 20  # bytes; the reports of 500 extensions on 28 runtimes have 3 MB
_SUM: Final = 4  # bytes ahead of what is kept; it shows damage, the file's owner shows malice
_HERE: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - for scandir
_CODE: Final = (_HERE, os.path.join(_HERE, ".."))  # noqa: PTH118 - likewise
_READERS: Final = os.path.join(_HERE, "../../abi_probe")  # noqa: PTH118 - and all below it


class Witnesses(Struct, frozen=True):
    """The paths that an answer rests on, each with the signature that it had when it was read."""

    seen: Fingerprints = field(default_factory=dict)

    def __call__(self, path: str) -> None:
        """Note a path that is about to be looked at."""
        if path not in self.seen:
            self.seen[path] = of_file(path)

    def hold(self, then: Mapping[str, Sequence[int] | None]) -> bool:
        """Tell whether every path is as it was; each is looked at once in a run."""
        return is_current(then, self.seen)


def fingerprint() -> str:
    """Return what changes with the code that answers: a newer multirt asks anew."""
    rows: list[object] = [_SCHEMA]
    folders = [*_CODE, _READERS]
    for folder in folders:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda each: each.name)
        for each in entries:
            if each.name.endswith(".py"):
                rows.append((each.name, each.stat().st_size, each.stat().st_mtime_ns))
            elif folder.startswith(_READERS) and each.name != "__pycache__" and each.is_dir():
                folders.append(each.path)
    return digest(rows)


def digest(value: object) -> str:
    """Return one word for a value of plain parts that nobody has an interest to forge."""
    return cache.digest(json.dumps(value).encode())


def changeable(seen: Fingerprints) -> bool:
    """Tell whether what was read could change, or has changed, without a trace in a fingerprint."""
    return any_racy(seen) or not is_current(seen)


class Store(Struct, frozen=True, kw_only=True):
    """A folder of kept answers.

    Attributes:
        folder: it need not exist; None to keep nothing.
    """

    folder: Path | None

    @classmethod
    def below(cls, cache_dir: Path | None) -> Self:
        """Return the store in a cache folder."""
        return cls(folder=cache_dir / "probing" if cache_dir is not None else None)

    def load(self, name: str) -> bytes | None:
        """Return what was kept under a name, None when there is nothing that can be trusted."""
        return _load(self.folder / name) if self.folder is not None else None

    def names(self) -> list[str]:
        """Return the names of all that is kept."""
        try:
            return os.listdir(self.folder) if self.folder is not None else []  # noqa: PTH208 - names
        except OSError:
            return []

    def save(self, name: str, content: bytes) -> None:
        """Put a file in place at once or not at all."""
        if self.folder is not None:
            with suppress(OSError):  # a full or read-only disk is no reason to fail
                save(self.folder / name, _sum(content) + content)

    def tidy(self, used: str) -> None:
        """Remove what nobody has used for long, and all but one list of what runtimes give.

        Args:
            used: the name of that one.
        """
        if self.folder is not None:
            cache.prune(os.fspath(self.folder), {os.fspath(self.folder / used)})


def _load(path: Path) -> bytes | None:
    content = load(path, _LIMIT)
    if content is None or _sum(content[_SUM:]) != content[:_SUM]:
        return None
    return content[_SUM:]


def _sum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")
