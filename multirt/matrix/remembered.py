"""Remember a run whose cells were ready, to run them again as long as nothing changed.

Planning a run takes half a second of reading: runtimes, wheels, resolutions. All of it rests on
files and variables, and those are looked at in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

import multirt
from multirt.environments.integrity import hold_file
from multirt.launch.plan_reader import signature_of
from multirt.matrix import source_digest as sources
from multirt.matrix.file_digests import Seen
from multirt.matrix.run_cell import Ready
from multirt.matrix.written_reports import reports_in
from multirt.storage.cache import age_of, read_note
from multirt.storage.lock import holding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SCHEMA = 3
_FOLDER = "ready"
_LIFE = 3600  # seconds; what was resolved is asked for anew after a day, and hardly later
# They differ from one terminal to the next, and nothing is decided by them.
_PASSING = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM", "WINDOWID"})


class Remembered(Struct, frozen=True, kw_only=True):
    """A run as it was planned.

    Attributes:
        root: the project.
        document: of the report on it if no command ran, as it was read: it may be damaged.
        ready: the cells that run commands, in their order.
        slowest: the same, the slowest first.
        total: how many cells there are, with those that run none.
    """

    root: Path
    document: Mapping[str, Any]
    ready: tuple[Ready, ...]
    slowest: tuple[Ready, ...]
    total: int


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


def is_of_others(place: Path, sources: str) -> bool:
    """Whether a run of other sources is remembered."""
    note = read_note(place)
    return note is not None and note.get("sources") != sources


@contextmanager
def recalled(place: Path, sources: str) -> Iterator[Remembered | None]:
    """Give a run that was planned before; None when something that it rests on changed.

    Its environments stay as they are meanwhile; whether they are whole is for who uses them.

    Args:
        place: where it would be.
        sources: the digest of the project's files now.
    """
    remembered = _read(place, sources)
    with ExitStack() as held:
        for each in remembered.ready if remembered is not None else ():
            held.enter_context(holding(hold_file(each.home))).share()
        yield remembered


def _read(place: Path, sources: str) -> Remembered | None:
    """Return what is remembered, if nothing changed but perhaps the environments."""
    note = read_note(place)
    if note is None or note.get("schema") != SCHEMA or note.get("sources") != sources:
        return None
    age = age_of(note)
    try:
        if age is None or age > _LIFE or not _hold(note["witnesses"]):
            return None
        return _remembered(note)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # damaged: it is planned again


def _remembered(note: Mapping[str, Any]) -> Remembered:
    """Return a run as it was written down.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is damaged.
    """
    cells = [(float(each["took"]), _ready(each["ready"])) for each in note["cells"]]
    slowest = sorted(cells, key=lambda cell: cell[0], reverse=True)
    return Remembered(
        root=Path(str(note["root"])),
        document=dict(note["report"]),
        ready=tuple(ready for _, ready in cells),
        slowest=tuple(ready for _, ready in slowest),
        total=len(note["report"]["cells"]),
    )


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
    passed, timeout, grace = facts["pass_env"], facts["timeout"], facts["grace"]
    major, minor = facts["version"]
    return Ready(
        name=str(facts["name"]),
        commands=tuple(tuple(map(str, command)) for command in facts["commands"]),
        set_env={str(name): str(value) for name, value in facts["set_env"].items()},
        pass_env=None if passed is None else tuple(map(str, passed)),
        timeout=None if timeout is None else float(timeout),
        grace=None if grace is None else float(grace),
        version=(int(major), int(minor)),
        modules=tuple(map(str, facts["modules"])),
        home=Path(facts["home"]),
        python=Path(facts["python"]),
        scripts=Path(facts["scripts"]),
        local=tuple(map(str, facts["local"])),
        warnings=tuple(map(str, facts["warnings"])),
    )
