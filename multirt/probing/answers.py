"""Remember the reports of a target, while everything that they rest on is as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from multirt.probing.store import Store, Witnesses, changeable, digest

if TYPE_CHECKING:
    from multirt.probing.report import Report
    from multirt.probing.task import Done, Task
    from runtimes import Runtime, Signature

Rows = dict[str, "Signature | None"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
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

    def load(self, task: Task) -> list[Report] | None:
        """Return the reports of a target, None when they are not known or no longer true."""
        key = self._key(task)
        content = self.store.load(_name(key))
        if content is None:
            return None
        try:
            note = json.loads(content)
        except ValueError:
            return None
        # The sum over the file has shown that `save` wrote it.
        if note["key"] != key or not self.witnesses.hold(note["witnesses"]):
            return None
        return cast("list[Report]", note["reports"])

    def save(self, task: Task, done: Done, rows: Rows) -> None:
        """Remember what came of a target.

        Args:
            task: the target.
            done: what came of it.
            rows: the paths that the runtimes rest on.
        """
        if done.seen is None or changeable(done.seen):
            return
        key = self._key(task)
        note = {"key": key, "witnesses": [*{**done.seen, **rows}.items()], "reports": done.reports}
        self.store.save(_name(key), json.dumps(note).encode())

    def _key(self, task: Task) -> list[object]:
        """Return what must be equal for an answer to be the answer to this question."""
        place = [str(task.path), [*map(str, task.roots)]]
        return [self.code, digest(self.runtimes), task.target, *place]


def _name(key: list[object]) -> str:
    """Name the file for a key; another key with that name is told by the key inside."""
    return f"{digest(key)}.json"


def facts_of(runtime: Runtime) -> str:
    """Return what a runtime's own answer says of the extensions that it loads, as one word."""
    facts = (runtime.implementation, runtime.version, runtime.abi, runtime.platform)
    known = (runtime.id, str(runtime.executable), "site" in runtime.stdlib)
    return digest([repr(facts), *known])
