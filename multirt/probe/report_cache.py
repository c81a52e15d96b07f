"""Remember the reports of a target, while everything that they rest on is as it was."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from multirt.probe.fact_store import Store, Witnesses, changeable, digest
from multirt.probe.task import Done
from runtimes.storage.fingerprint import Fingerprints, of_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multirt.probe.task import Task
    from runtimes import Runtime

Rows = Fingerprints


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a part of a target, as `Done` has it."""

    seen: Fingerprints
    reports: list[Any]  # `Report`, as this version of multirt makes it
    libraries: dict[str, str]
    asked: dict[str, str | None]


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is cached of a target.

    Attributes:
        key: the question.
        rows: the paths that the runtimes rest on.
        listing: the folder that says which parts there are.
        count: of parts; None where more may have come since.
        parts: what came of each, by its name.
    """

    key: str
    rows: Fingerprints
    listing: Fingerprints
    count: int | None
    parts: dict[str, _Part]


class Kept(Struct, frozen=True, kw_only=True):
    """What is remembered of a target.

    Attributes:
        parts: what came of each part that is as it was, by its name, in their order.
        whole: these are all parts that there are.
    """

    parts: dict[str, Done]
    whole: bool


class Answers(Struct, frozen=True, kw_only=True):
    """The remembered answers to one kind of question.

    Attributes:
        store: where they are.
        code: fingerprint of the code that answers.
        runtimes: the facts of each runtime that is judged on, in their order.
        witnesses: of this run.
    """

    store: Store
    code: str
    runtimes: tuple[str, ...]
    witnesses: Witnesses = field(default_factory=Witnesses)

    def load(self, task: Task) -> Kept:
        """Return what is known of a target and still true."""
        key = self._key(task)
        content = self.store.load(_name(task, key))
        try:
            note = msgspec.json.decode(content or b"", type=_Note)
        except msgspec.DecodeError:
            note = None
        if note is None or note.key != key or not self.witnesses.hold(note.rows):
            return Kept(parts={}, whole=False)
        parts = {
            name: Done(
                seen=each.seen, reports=each.reports, libraries=each.libraries, asked=each.asked
            )
            for name, each in note.parts.items()
            if self.witnesses.hold(each.seen)
        }
        whole = len(parts) == note.count and self.witnesses.hold(note.listing)
        return Kept(parts=parts, whole=whole)

    def save(self, task: Task, parts: dict[str, Done], listing: Rows, rows: Rows) -> None:
        """Remember what came of a target.

        Args:
            task: the target.
            parts: what came of each of its parts, by name.
            listing: the folder that says which parts there are, as it was when it was listed.
            rows: the paths that the runtimes rest on.
        """
        known = {
            name: _Part(
                seen=each.seen, reports=each.reports, libraries=each.libraries, asked=each.asked
            )
            for name, each in parts.items()
            if each.seen is not None and not changeable(each.seen)
        }
        if not known:
            return
        key = self._key(task)
        count = None if changeable(listing) else len(parts)
        note = _Note(key=key, rows=rows, listing=listing, count=count, parts=known)
        with suppress(UnicodeEncodeError):  # a path that is not UTF-8
            self.store.save(_name(task, key), msgspec.json.encode(note))

    def _key(self, task: Task) -> str:
        """Return what must be equal for an answer to be the answer to this question."""
        return json.dumps([self.code, digest(self.runtimes), *_place(task)])


def is_new(store: Store, task: Task) -> bool:
    """Tell whether a target was never probed as it is, on whatever runtimes."""
    start = f"{digest(_place(task))}-"
    return not any(name.startswith(start) for name in store.names())


def _name(task: Task, key: str) -> str:
    """Name the file for a key; another key with that name is told by the key inside."""
    return f"{digest(_place(task))}-{digest(key)}.json"


def _place(task: Task) -> list[object]:
    """Return what tells a target from others: of a wheel also which file it is.

    A folder stays the same target when distributions come and go: the others are remembered.
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
