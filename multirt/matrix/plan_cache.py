"""Keep the plan of a run, to run its cells again as long as nothing that it depends on changed.

Planning takes half a second of reading: runtimes, wheels, resolutions. All of it depends on files
and variables, and those are looked at in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

import multirt
from multirt.environments.manifest import contents_are_intact, lock_file_of
from multirt.launch.plan_reader import signature_of
from multirt.matrix import source_digest
from multirt.matrix.model import CellPlan, CellState, MatrixReport
from multirt.matrix.source_digest import DigestCache, read_written_reports
from multirt.storage.documents import read_note, write_note
from multirt.storage.lock import file_lock
from runtimes.storage.fingerprint import is_racy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SCHEMA = 1
_KEPT = 8  # questions: names of cells times environments of terminals
_LIFE = 3600  # seconds; what was resolved is resolved again after a day, and hardly later
# They differ from one terminal to the next, and nothing is decided by them.
_PASSING = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM", "WINDOWID"})


class CachedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a run.

    Attributes:
        schema, made: of the file: its version, and when it was written.
        sources: the digest of the project's files.
        witnesses: files and folders with their signatures; None for one that is absent.
        root: the project.
        report: as it would be if no command ran.
        plans: of its cells.
    """

    schema: int = _SCHEMA
    made: float
    sources: str
    witnesses: tuple[tuple[str, str | None], ...]
    root: str
    report: MatrixReport
    plans: tuple[CellPlan, ...]


def plan_path(state: Path, selection: Iterable[str], env: Mapping[str, str]) -> Path:
    """Return where the plan of a run is kept.

    Args:
        state: the project's folder in the cache.
        selection: the words that select cells.
        env: the environment; what changes there is another question.
    """
    facts = [multirt.__version__, *selection, ""]
    facts += [f"{name}={env[name]}" for name in sorted(env.keys() - _PASSING)]
    key = hashlib.sha256(b"\0".join(map(os.fsencode, facts))).hexdigest()[:32]
    return state / "plans" / f"{key}.json"


def state_of_sources(root: Path, state: Path) -> str:
    """Return a digest that changes with anything in a project's files.

    Raises:
        OSError: one cannot be read.
    """
    seen = DigestCache(state / "seen.json")
    digest = source_digest.digest(
        root, seen, {}, read_written_reports(state)
    )  # `plan_path` has the variables
    seen.keep()
    return digest


@contextmanager
def cached_plan(path: Path, root: Path, state: Path) -> Iterator[CachedPlan | None]:
    """Give a plan that is valid, and keep its environments meanwhile; None where there is none."""
    try:
        note = read_note(path)
        plan = msgspec.convert(note, CachedPlan) if note is not None else None
        valid = plan is not None and _is_valid(plan, state_of_sources(root, state))
    except (OSError, msgspec.MsgspecError):
        plan, valid = None, False  # damaged: it is planned again
    with ExitStack() as held:
        for each in plan.plans if plan is not None and valid else ():
            if (at := each.environment) is not None:
                held.enter_context(file_lock(lock_file_of(Path(at.home)))).share()
                valid = valid and contents_are_intact(Path(at.home), Path(at.python), at.local)
        yield plan if valid else None


def _is_valid(plan: CachedPlan, sources: str) -> bool:
    """Whether nothing that a plan depends on changed, but perhaps its environments."""
    if plan.schema != _SCHEMA or plan.sources != sources:
        return False
    if not 0 <= time.time() - plan.made <= _LIFE:
        return False
    return all(_signature(path) == then for path, then in plan.witnesses)


def _signature(path: str) -> str | None:
    signature = signature_of(os.fsencode(path))
    return None if signature is None else signature.decode()


def store_plan(path: Path, plan: CachedPlan, paths: Iterable[str], since: int) -> None:
    """Keep a plan, if all of its cells could be tested and nothing changed just now.

    Args:
        path: from `plan_path`.
        plan: without its witnesses; its report is that of the run.
        paths: what it depends on, there or absent.
        since: when the first of it was read, in ns since the epoch.
    """
    ready = [each for each in plan.plans if each.report.state is CellState.READY]
    witnesses = tuple((each, _signature(each)) for each in dict.fromkeys(paths))
    changed = (int(each.rpartition(" ")[2]) for _, each in witnesses if each is not None)
    unmade = any(each.environment is None for each in ready)
    if not ready or unmade or any(is_racy(each, since) for each in changed):
        return
    took = {each.name: each.seconds for each in plan.report.cells}
    plans = tuple(
        replace(
            each,
            report=replace(each.report, setup=0.0, reused=each.environment is not None),
            took=took.get(each.name),
        )
        for each in plan.plans
    )
    wheels = tuple(replace(each, seconds=None) for each in plan.report.wheels)
    report = replace(plan.report, wheels=wheels, cells=(), seconds=0.0, interrupted=False)
    kept = replace(plan, witnesses=witnesses, plans=plans, report=report)
    with suppress(OSError):  # a disk that is full; it is planned again
        write_note(path, msgspec.to_builtins(kept))
        _prune(path.parent)


def _prune(folder: Path) -> None:
    """Remove what was not asked for lately."""
    notes = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in notes[_KEPT:]:
        old.unlink(missing_ok=True)
