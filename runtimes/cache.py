"""Remember what candidates answered, one small file for each.

A remembered answer counts only while everything that it rests on is as it was. Whatever else is
wrong with a file or the folder, the candidate is simply asked again.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes import notes, witness
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
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from runtimes.candidates import Suspect
    from runtimes.witness import Signature

_SCHEMA = 1
_FAILURE_LIFE = 60  # seconds; what hung may have been mended elsewhere


class Watch(Struct, frozen=True, kw_only=True):
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
        self._folder = os.fspath(folder / notes.FOLDER) if folder is not None else None
        self._env = notes.decisive(env)
        self._path = env.get("PATH")
        self._question = zlib.crc32(question()) if folder is not None else 0
        self._used: set[str] = set()
        self._written = False
        self._known: dict[str, list[int] | None] = {}  # many runtimes rest on the same libraries
        self._files: dict[str, Signature | None] = {}

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
        self._files[file] = witness.signature(file)
        note = notes.read(file)
        if note is None or note.get("key") != key:
            return None
        witnesses = note.get("witnesses")
        if not isinstance(witnesses, list) or not self._hold(witnesses):
            return None
        facts = note.get("facts")
        if isinstance(facts, dict):
            return facts
        return _failure(note.get("failure"), limit)

    def seen(self) -> dict[str, Sequence[int] | None]:
        """Return what the remembered answers rest on, and the notes themselves."""
        return {**self._known, **self._files}

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
        notes.write(file, note)

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
        return notes.file_of(self._folder or "", key)


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
