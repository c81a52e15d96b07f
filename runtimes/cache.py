"""Remember what candidates answered, one small file for each.

A remembered answer counts only while everything that it rests on is as it was. Whatever else is
wrong with a file or the folder, the candidate is simply asked again.
"""

from __future__ import annotations

import json
import os
import stat
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes import witness
from runtimes.errors import CandidateError, Reason
from runtimes.grounds import (
    files_behind,
    files_of,
    files_of_modules,
    hides_its_files,
    landmarks,
    speaks_for_another,
)
from runtimes.pruning import prune
from runtimes.question import question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runtimes.candidates import Suspect
    from runtimes.witness import Signature

_SCHEMA = 1
_FOLDER = "runtimes"
_FAILURE_LIFE = 60  # seconds; what hung may have been mended elsewhere
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LIMIT = 1 << 20  # bytes; no answer is larger

# What changes which program a file starts, or which libraries it gets.
_VARIABLES = (
    "DYLD_INSERT_LIBRARIES",
    "DYLD_LIBRARY_PATH",
    "GRAALVM_HOME",
    "HOME",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What was there before a suspect was asked.

    Attributes:
        time: when that was, in nanoseconds since 1970.
        signatures: of the files that decide which program it is.
    """

    time: int
    signatures: list[tuple[str, Signature | None]]

    def holds(self) -> bool:
        """Tell whether all of that is as it was."""
        return witness.signatures(path for path, _ in self.signatures) == self.signatures


class Cache:
    """The remembered answers of one search."""

    def __init__(self, folder: Path | None, env: Mapping[str, str]) -> None:
        """Use a folder, which need not exist; None remembers nothing."""
        self._folder = os.fspath(folder / _FOLDER) if folder is not None else None
        self._env = {name: env[name] for name in _VARIABLES if name in env}
        self._path = env.get("PATH")
        self._question = zlib.crc32(question()) if folder is not None else 0
        self._used: set[str] = set()
        self._written = False
        self._known: dict[str, list[int] | None] = {}  # many runtimes rest on the same libraries

    def load(self, suspect: Suspect, limit: float) -> dict[str, object] | CandidateError | None:
        """Return what is remembered of a suspect, None when that is nothing or no longer true.

        Args:
            suspect: who.
            limit: the seconds that it would have now; a shorter wait in vain does not count.
        """
        if self._folder is None:
            return None
        key = self._key(suspect)
        file = self._file(key)
        self._used.add(file)
        note = _read(file)
        if note is None or note.get("key") != key:
            return None
        witnesses = note.get("witnesses")
        if not isinstance(witnesses, list) or not self._hold(witnesses):
            return None
        facts = note.get("facts")
        if isinstance(facts, dict):
            return facts
        return _failure(note.get("failure"), limit)

    def watch(self, suspect: Suspect) -> Watch:
        """Return what to take down before a suspect is asked."""
        files = files_of(suspect) if self._folder is not None else ()
        return Watch(time=time.time_ns(), signatures=witness.signatures(files))

    def store(
        self,
        suspect: Suspect,
        before: Watch,
        outcome: dict[str, object] | CandidateError,
        limit: float,
    ) -> None:
        """Remember an outcome, where that can be done truly; trouble with the disk is no trouble.

        Args:
            suspect: who was asked.
            before: what `watch` gave before that.
            outcome: facts, or why there are none.
            limit: the seconds that it had.
        """
        if self._folder is None:
            return
        self._known.clear()  # it was a while ago
        note: dict[str, object] = {"key": self._key(suspect)}
        if isinstance(outcome, CandidateError):
            if outcome.reason is not Reason.TIMED_OUT:
                return  # it may be mended elsewhere at any time, and soon fails again if not
            until = time.time() + _FAILURE_LIFE
            note["failure"] = [outcome.reason.value, outcome.detail, until, limit]
            witnesses = before.signatures
        else:
            if speaks_for_another(suspect, outcome) or hides_its_files(outcome):
                return
            note["facts"] = outcome
            behind = [
                *files_behind(outcome),
                *files_of_modules(outcome),
                *landmarks(suspect, outcome),
                *self._searched(suspect, outcome),
            ]
            witnesses = before.signatures + witness.signatures(behind)
        if not before.holds() or witness.is_young(witnesses, before.time):
            return  # it changed meanwhile, or could change again without a trace
        note["witnesses"] = witnesses
        file = self._file(str(note["key"]))
        self._used.add(file)
        self._written = True
        _write(file, json.dumps(note))

    def prune(self) -> None:
        """Where something was written, remove what nobody has used for long."""
        if self._folder is not None and self._written:
            prune(self._folder, self._used)

    def _hold(self, witnesses: list[object]) -> bool:
        pairs = [pair for pair in witnesses if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004
        return len(pairs) == len(witnesses) and witness.hold(pairs, self._known)

    def _searched(self, suspect: Suspect, facts: Mapping[str, object]) -> Iterator[str]:
        """Yield where a script may have found the Java or node that its answer came from.

        A link there that is turned to another version leaves no trace in either.
        """
        image = facts.get("image")
        if suspect.interpreter is not None and isinstance(image, str):
            for folder in (self._path or "").split(os.pathsep):
                yield os.path.join(folder, os.path.basename(image))  # noqa: PTH118, PTH119 - text

    def _key(self, suspect: Suspect) -> str:
        """Return what must be equal for an answer to be the answer to this question."""
        path = self._path if suspect.interpreter is not None else None
        parts = (_SCHEMA, self._question, suspect.path, suspect.real, suspect.interpreter)
        return json.dumps([*parts, self._env, path])

    def _file(self, key: str) -> str:
        # Not for safety: a note of another key in its place is told by the key inside.
        data = key.encode()
        name = f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}.json"
        return os.path.join(self._folder or "", name)  # noqa: PTH118 - hot


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheInfo:
    """The state of a cache folder.

    Attributes:
        folder: where the answers are.
        answers: number of files with an answer in them.
        unreadable: number of files that are damaged or not the user's own.
        size: bytes of all of them.
        writable: new answers can be remembered.
    """

    folder: Path
    answers: int
    unreadable: int
    size: int
    writable: bool


def cache_info(cache_dir: Path) -> CacheInfo:
    """Return the state of the remembered answers below a cache folder."""
    files = list(_files(cache_dir))
    good = [file for file in files if _read(os.fspath(file)) is not None]
    folder = cache_dir / _FOLDER
    return CacheInfo(
        folder=folder,
        answers=len(good),
        unreadable=len(files) - len(good),
        size=sum(found[2] for file in files if (found := witness.signature(os.fspath(file)))),
        writable=(nearest := _nearest(folder)).is_dir() and os.access(nearest, os.W_OK),
    )


def clear_cache(cache_dir: Path) -> int:
    """Forget every remembered answer below a cache folder; return how many files went.

    Raises:
        OSError: a file cannot be removed.
    """
    files = list(_files(cache_dir))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _nearest(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)


def _files(cache_dir: Path) -> Iterator[Path]:
    try:
        yield from sorted((cache_dir / _FOLDER).iterdir())
    except OSError:
        return


def _failure(note: object, limit: float) -> CandidateError | None:
    """Return a remembered failure while it counts."""
    match note:
        case [str(reason), str(detail), float(until), int() | float() as had]:
            fresh = 0 <= until - time.time() <= _FAILURE_LIFE
            waited = reason != Reason.TIMED_OUT or had >= limit
            if fresh and waited and reason in set(Reason):
                return CandidateError(Reason(reason), detail)
        case _:
            pass
    return None


def _read(file: str) -> dict[str, object] | None:
    """Return a note, None when there is none or it cannot be trusted."""
    try:
        descriptor = os.open(file, os.O_RDONLY | _CAREFULLY)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT:
            return None
        if os.name != "nt" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            return None  # somebody else could have written it
        note = json.loads(os.read(descriptor, _LIMIT))
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(descriptor)
    return note if isinstance(note, dict) else None


def _write(file: str, text: str) -> None:
    """Put a note in place at once or not at all."""
    temporary = f"{file}.{os.getpid()}-{threading.get_ident()}"
    try:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError:  # a full disk
        with suppress(OSError):
            Path(temporary).unlink()
