"""Remember the reports of a target, while everything that they rest on is unchanged."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from msgspec import Struct, field

from multirt.probe.model import TaskResult
from runtimes.storage import cache
from runtimes.storage.files import load, save
from runtimes.storage.fingerprint import Fingerprints, any_racy, is_current, of_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.probe.model import ProbeTask
    from runtimes import Runtime

_SCHEMA: Final = 1
_LIMIT: Final = 256 << 20  # bytes; the reports of 500 extensions on 28 runtimes have 3 MB
_SUM: Final = 4  # bytes ahead of what is kept; it shows damage, the file's owner shows malice
_HERE: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - for scandir
_CODE: Final = (_HERE, os.path.join(_HERE, ".."))  # noqa: PTH118 - as above
_READERS: Final = os.path.join(_HERE, "../../abi_probe")  # noqa: PTH118 - and all below it


class Witnesses(Struct, frozen=True):
    """The paths that an answer rests on, each with the signature that it had when it was read."""

    seen: Fingerprints = field(default_factory=dict)

    def __call__(self, path: str) -> None:
        """Note a path that is about to be looked at."""
        if path not in self.seen:
            self.seen[path] = of_file(path)

    def hold(self, then: Mapping[str, Sequence[int] | None]) -> bool:
        """Tell whether every path is unchanged; each is looked at once in a run."""
        return is_current(then, self.seen)


def fingerprint() -> str:
    """Return what changes with the code that answers: a newer multirt asks again."""
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
    """Return one word for a value of plain parts that is not worth forging."""
    return cache.digest(json.dumps(value).encode())


def changeable(seen: Fingerprints) -> bool:
    """Tell whether what was read could change, or has changed, without a trace in a fingerprint."""
    return any_racy(seen) or not is_current(seen)


class FactStore(Struct, frozen=True, kw_only=True):
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
        """Write a file at once or not at all."""
        if self.folder is not None:
            with suppress(OSError):  # a full or read-only disk is no reason to fail
                save(self.folder / name, _checksum(content) + content)

    def tidy(self, used: str) -> None:
        """Remove what was not used for long, and all but one list of what runtimes give.

        Args:
            used: the name of that one.
        """
        if self.folder is not None:
            cache.prune(os.fspath(self.folder), {os.fspath(self.folder / used)})


def _load(path: Path) -> bytes | None:
    content = load(path, _LIMIT)
    if content is None or _checksum(content[_SUM:]) != content[:_SUM]:
        return None
    return content[_SUM:]


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")


Rows = Fingerprints


class _CachedPart(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a part of a target, as `TaskResult` has it."""

    seen: Fingerprints
    reports: list[Any]  # `Report`, as this version of multirt makes it
    libraries: dict[str, str]
    queried: dict[str, str | None]


class _CachedTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What is cached of a target.

    Attributes:
        key: the question.
        rows: the paths that the runtimes rest on.
        listing: the folder that says which parts there are.
        count: of parts; None where more may have come since.
        parts: the result of each, by its name.
    """

    key: str
    rows: Fingerprints
    listing: Fingerprints
    count: int | None
    parts: dict[str, _CachedPart]


class CachedReports(Struct, frozen=True, kw_only=True):
    """What is cached of a target.

    Attributes:
        parts: the result of each part that is unchanged, by its name, in their order.
        whole: these are all parts that there are.
    """

    parts: dict[str, TaskResult]
    whole: bool


class ReportCache(Struct, frozen=True, kw_only=True):
    """The cached answers to one kind of question.

    Attributes:
        store: where they are.
        code: fingerprint of the code that answers.
        runtimes: the facts of each runtime of this machine that is judged on, in their order.
        witnesses: of this run.
    """

    store: FactStore
    code: str
    runtimes: tuple[str, ...]
    witnesses: Witnesses = field(default_factory=Witnesses)

    def load(self, task: ProbeTask) -> CachedReports:
        """Return what is known of a target and still true."""
        key = self._key(task)
        content = self.store.load(_name(task, key))
        try:
            note = msgspec.json.decode(content or b"", type=_CachedTarget)
        except msgspec.DecodeError:
            note = None
        if note is None or note.key != key or not self.witnesses.hold(note.rows):
            return CachedReports(parts={}, whole=False)
        parts = {
            name: TaskResult(
                seen=each.seen, reports=each.reports, libraries=each.libraries, queried=each.queried
            )
            for name, each in note.parts.items()
            if self.witnesses.hold(each.seen)
        }
        whole = len(parts) == note.count and self.witnesses.hold(note.listing)
        return CachedReports(parts=parts, whole=whole)

    def save(
        self, task: ProbeTask, parts: dict[str, TaskResult], listing: Rows, rows: Rows
    ) -> None:
        """Remember the result of a target.

        Args:
            task: the target.
            parts: the result of each of its parts, by name.
            listing: the folder that says which parts there are, as it was when it was listed.
            rows: the paths that the runtimes rest on.
        """
        known = {
            name: _CachedPart(
                seen=each.seen, reports=each.reports, libraries=each.libraries, queried=each.queried
            )
            for name, each in parts.items()
            if each.seen is not None and not changeable(each.seen)
        }
        if not known:
            return
        key = self._key(task)
        count = None if changeable(listing) else len(parts)
        note = _CachedTarget(key=key, rows=rows, listing=listing, count=count, parts=known)
        with suppress(UnicodeEncodeError):  # a path that is not UTF-8
            self.store.save(_name(task, key), msgspec.json.encode(note))

    def _key(self, task: ProbeTask) -> str:
        """Return what must be equal for an answer to be the answer to this question."""
        judged_on = digest([*self.runtimes, *task.described])
        return json.dumps([self.code, judged_on, *_location(task)])


def is_new(store: FactStore, task: ProbeTask) -> bool:
    """Tell whether a target was never probed as it is, on whatever runtimes."""
    start = f"{digest(_location(task))}-"
    return not any(name.startswith(start) for name in store.names())


def _name(task: ProbeTask, key: str) -> str:
    """Name the file for a key; another key with that name is recognized by the key inside."""
    return f"{digest(_location(task))}-{digest(key)}.json"


def _location(task: ProbeTask) -> list[object]:
    """Return what tells a target from others: of a wheel also which file it is.

    A folder stays the same target when distributions come and go: the others are cached.
    """
    file = of_file(task.path) if task.path is not None and task.is_wheel else None
    return [task.target, str(task.path), [*map(str, task.roots)], [*(file or ())]]


def facts_of(runtime: Runtime, env: Mapping[str, str]) -> str:
    """Return what decides, besides files, which extensions a runtime loads, as one word.

    Args:
        runtime: as it answered.
        env: the environment that it starts in.
    """
    facts = (runtime.implementation, runtime.version, runtime.abi, runtime.platform)
    known = (runtime.id, str(runtime.executable), "site" in runtime.stdlib)
    return digest([repr(facts), *known, env.get("LD_LIBRARY_PATH", "")])
