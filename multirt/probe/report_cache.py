"""Remember the reports of a target, while everything that they rest on is as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.probe.fact_store import Store, Witnesses, changeable, digest
from multirt.probe.task import Done
from runtimes import signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multirt.probe.task import Task
    from runtimes import Runtime, Signature

Rows = dict[str, "Signature | None"]


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
        nothing = Kept(parts={}, whole=False)
        key = self._key(task)
        content = self.store.load(_name(task, key))
        if content is None:
            return nothing
        try:
            note = json.loads(content)
        except ValueError:
            return nothing
        # The sum over the file has shown that `save` wrote it.
        if note["key"] != key or not self.witnesses.hold(note["rows"]):
            return nothing
        parts = {
            name: Done(seen={path: _signature(then) for path, then in seen}, **rest)
            for name, seen, rest in note["parts"]
            if self.witnesses.hold(seen)
        }
        whole = len(parts) == note["count"] and self.witnesses.hold(note["listing"])
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
            name: each
            for name, each in parts.items()
            if each.seen is not None and not changeable(each.seen)
        }
        if not known:
            return
        key = self._key(task)
        fixed = not changeable(listing)
        note = {
            "key": key,
            "rows": [*rows.items()],
            "listing": [*listing.items()],
            "count": len(parts) if fixed else None,
            "parts": [_row(name, each) for name, each in known.items()],
        }
        self.store.save(_name(task, key), json.dumps(note).encode())

    def _key(self, task: Task) -> list[object]:
        """Return what must be equal for an answer to be the answer to this question."""
        return [self.code, digest(self.runtimes), *_place(task)]


def _signature(then: list[int] | None) -> Signature | None:
    """Return a signature as it was before it was written down."""
    return None if then is None else (then[0], then[1], then[2], then[3], then[4])


def _row(name: str, done: Done) -> tuple[str, list[object], dict[str, object]]:
    seen: list[object] = [*(done.seen or {}).items()]
    return (
        name,
        seen,
        {"reports": done.reports, "libraries": done.libraries, "asked": done.asked},
    )


def is_new(store: Store, task: Task) -> bool:
    """Tell whether a target was never probed as it is, on whatever runtimes."""
    start = f"{digest(_place(task))}-"
    return not any(name.startswith(start) for name in store.names())


def _name(task: Task, key: list[object]) -> str:
    """Name the file for a key; another key with that name is told by the key inside."""
    return f"{digest(_place(task))}-{digest(key)}.json"


def _place(task: Task) -> list[object]:
    """Return what tells a target from others: of a wheel also which file it is.

    A folder stays the same target when distributions come and go: the others are remembered.
    """
    file = signature(str(task.path)) if task.is_wheel else None
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
