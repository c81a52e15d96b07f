"""Remember a run whose cells were ready, to run them again as long as nothing changed.

Planning a run takes half a second of reading: runtimes, wheels, resolutions. All of it rests on
files and variables, and those are looked at in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import multirt
from multirt.holding import holding
from multirt.matrix import sources
from multirt.matrix.attempt import Ready
from multirt.matrix.model import State
from multirt.matrix.report import report_of
from multirt.matrix.reports.document import document_of, report_in
from multirt.matrix.seen import Seen
from multirt.matrix.written import reports_in
from multirt.notes import age_of, read_note, write_note
from multirt.plans.reader import signature_of
from multirt.stamps import is_young
from multirt.wholeness import hold_file, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from multirt.matrix.report import Report, Row
    from multirt.matrix.results import Result, Run

_SCHEMA = 1
_FOLDER = "ready"
_KEPT = 8  # questions: names of cells times environments of terminals
_LIFE = 3600  # seconds; what was resolved is asked for anew after a day, and hardly later
# They differ from one terminal to the next, and nothing is decided by them.
_PASSING = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM", "WINDOWID"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """A run as it was planned.

    Attributes:
        root: the project.
        report: what it would amount to if no command ran.
        ready: the cells that run commands, the slowest first.
    """

    root: Path
    report: Report
    ready: tuple[Ready, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grounds:
    """What a plan rests on, beside the environments themselves.

    Attributes:
        since: when the first of it was read, in ns since the epoch.
        sources: the digest of the project's files.
        paths: files and folders, there or absent.
    """

    since: int
    sources: str
    paths: Iterable[str]


def place_of(state: Path, names: Iterable[str], env: Mapping[str, str]) -> Path:
    """Return where a run is remembered.

    Args:
        state: the project's folder in the cache.
        names: of cells that somebody asked for, as they were written.
        env: the environment; what changes there is another question.
    """
    facts = [multirt.__version__, *sorted(names), ""]
    facts += [f"{name}={env[name]}" for name in sorted(env.keys() - _PASSING)]
    key = hashlib.sha256(b"\0".join(map(os.fsencode, facts))).hexdigest()[:32]
    return state / _FOLDER / f"{key}.json"


def state_of_sources(root: Path, state: Path) -> str:
    """Return what changes with anything in a project's files.

    Raises:
        OSError: one cannot be read.
    """
    seen = Seen(state / "seen.json")
    digest = sources.digest(root, seen, {}, reports_in(state))  # `place_of` knows the variables
    seen.keep()
    return digest


def remember(place: Path, run: Run, title: str, grounds: Grounds) -> None:
    """Keep what was planned, if all of it could be tested and nothing changed just now."""
    witnesses = _witnesses(grounds)
    planned = [each for each in run.results if each.planned.state is State.READY]
    if witnesses is None or not planned or any(each.ready is None for each in planned):
        return
    slowest_first = sorted(planned, key=lambda each: each.seconds, reverse=True)
    report = replace(report_of(run, title), seconds=0.0, interrupted=False)
    wheels = tuple(replace(each, seconds=None) for each in report.wheels)
    rows = tuple(map(_untested, report.rows, run.results))
    note = {
        "schema": _SCHEMA,
        "made": time.time(),
        "sources": grounds.sources,
        "witnesses": witnesses,
        "root": run.root,
        "report": document_of(replace(report, wheels=wheels, rows=rows)),
        "ready": [_facts(each.ready) for each in slowest_first if each.ready is not None],
    }
    with suppress(OSError):  # a disk that is full; it is planned again
        write_note(place, note)
        _prune(place.parent)


def _witnesses(grounds: Grounds) -> list[tuple[str, str | None]] | None:
    """Return every path with its signature; None when one changed so lately that it may again."""
    witnesses = []
    for path in dict.fromkeys(grounds.paths):
        signature = signature_of(os.fsencode(path))
        if signature is not None:
            changed = int(signature.rpartition(b" ")[2])
            if is_young(changed, grounds.since):
                return None
        witnesses.append((path, signature.decode() if signature is not None else None))
    return witnesses


def _untested(row: Row, result: Result) -> Row:
    """Return what a row was before its commands ran."""
    if result.ready is None:
        return row
    return replace(
        row,
        state=State.READY,
        reason=None,
        hint=None,
        cases=None,
        setup=0.0,
        seconds=0.0,
        reused=True,
        command=None,
        output="",
        warnings=result.ready.warnings,
    )


def _facts(ready: Ready) -> dict[str, object]:
    paths = {"home": ready.home, "python": ready.python, "scripts": ready.scripts}
    return {**asdict(ready), **{name: str(path) for name, path in paths.items()}}


def _prune(folder: Path) -> None:
    """Remove what was not asked for lately."""
    notes = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in notes[_KEPT:]:
        old.unlink(missing_ok=True)


@contextmanager
def recalled(place: Path, sources: str) -> Iterator[Remembered | None]:
    """Give a run that was planned before; None when something that it rests on changed.

    Its environments stay as they are meanwhile.

    Args:
        place: where it would be.
        sources: the digest of the project's files now.
    """
    remembered = _read(place, sources)
    with ExitStack() as held:
        for each in remembered.ready if remembered is not None else ():
            held.enter_context(holding(hold_file(each.home))).share()
        yield remembered if remembered is not None and _is_complete(remembered) else None


def _read(place: Path, sources: str) -> Remembered | None:
    """Return what is remembered, if nothing changed but perhaps the environments."""
    note = read_note(place)
    if note is None or note.get("schema") != _SCHEMA or note.get("sources") != sources:
        return None
    age = age_of(note)
    try:
        if age is None or age > _LIFE or not _hold(note["witnesses"]):
            return None
        return Remembered(
            root=Path(str(note["root"])),
            report=report_in(note["report"]),
            ready=tuple(map(_ready, note["ready"])),  # type: ignore[call-overload]
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # damaged: it is planned again


def _is_complete(remembered: Remembered) -> bool:
    """Tell whether every environment is still there."""
    cells = {row.name for row in remembered.report.rows if row.state is State.READY}
    whole = {each.name for each in remembered.ready if is_whole(each.home, each.python, each.local)}
    return cells == whole


def _hold(witnesses: Any) -> bool:  # noqa: ANN401 - as it was read
    """Tell whether every path is as it was, or still absent."""
    for path, then in witnesses:
        now = signature_of(os.fsencode(path))
        if (None if now is None else now.decode()) != then:
            return False
    return True


def _ready(facts: Mapping[str, Any]) -> Ready:
    """Return a cell as it was written down.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    passed, timeout = facts["pass_env"], facts["timeout"]
    major, minor = facts["version"]
    return Ready(
        name=str(facts["name"]),
        commands=tuple(tuple(map(str, command)) for command in facts["commands"]),
        set_env={str(name): str(value) for name, value in facts["set_env"].items()},
        pass_env=None if passed is None else tuple(map(str, passed)),
        timeout=None if timeout is None else float(timeout),
        version=(int(major), int(minor)),
        modules=tuple(map(str, facts["modules"])),
        home=Path(facts["home"]),
        python=Path(facts["python"]),
        scripts=Path(facts["scripts"]),
        local=tuple(map(str, facts["local"])),
        warnings=tuple(map(str, facts["warnings"])),
    )
