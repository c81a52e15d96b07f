"""Begin a build before anybody asked for it: after an edit, while all that plans is imported.

A guess: that the project is built as it was the last time. Who builds takes what came of it if that
is just what he would have started, on just these sources, and otherwise starts it himself.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from multirt.environments.integrity import is_whole
from multirt.storage.cache import read_note, write_note
from multirt.storage.lock import open_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LOCK = "build.lock"
"""The file in a project's state that who builds it holds."""
OUT, ANSWER = "out", "answer.json"
"""Where in the room of a build its wheel goes, and what its backend answers."""
_NOTE = "backend.json"
_SAID = "said.txt"
_SCHEMA = 1


class Call(Struct, frozen=True, kw_only=True):
    """How a backend is started.

    Attributes:
        python, home, scripts: of its environment, as in `Built`.
        program: what Python runs.
        words: its arguments after the folder for the wheel and the file for the answer.
    """

    python: Path
    home: Path
    scripts: Path
    program: Path
    words: tuple[str, ...]

    def argv(self, room: Path) -> list[str]:
        """Return the command line."""
        places = (self.program, room / OUT, room / ANSWER)
        return [str(self.python), "-I", *map(str, places), *self.words]

    def inside(self, env: Mapping[str, str], room: Path) -> dict[str, str]:
        """Return its variables: those of the user, and its own."""
        path = f"{self.scripts}{os.pathsep}{env.get('PATH', os.defpath)}"
        own = {"NO_COLOR": "1", "PATH": path, "VIRTUAL_ENV": str(self.home)}
        return {**env, **own, **own_folder(room)}


def own_folder(room: Path) -> dict[str, str]:
    """Return what gives setuptools a folder of its own: it puts old files of `build/lib` in."""
    extra = room / "distutils.cfg"
    extra.write_text(f"[build]\nbuild_base = {room / 'build'}\n")
    return {"DIST_EXTRA_CONFIG": str(extra)}


class Done(Struct, frozen=True, kw_only=True):
    """How a build ended.

    Attributes:
        code: exit code of what built.
        seconds: that it took.
    """

    code: int
    seconds: float


class _Begun(Struct, frozen=True, kw_only=True):
    """A build that goes on.

    Attributes:
        since: when it began, `time.monotonic()`.
        call, env, sources: what is built, how.
        room: its folder.
        process: the backend.
        lock: the handle of the file that keeps other builds of the project away.
    """

    since: float
    call: Call
    env: Mapping[str, str]
    sources: str
    room: Path
    process: subprocess.Popen[bytes]
    lock: int


_begun: list[_Begun] = []  # one at most


def keep(state: Path, call: Call, dropped: Iterable[str]) -> None:
    """Write down how a project was built, for the next time.

    Args:
        state: the project's folder in the cache.
        call: how its backend was started.
        dropped: the names of the user's variables that it did not get.
    """
    paths = [str(each) for each in (call.python, call.home, call.scripts, call.program)]
    note = {
        "schema": _SCHEMA,
        "paths": paths,
        "words": list(call.words),
        "dropped": sorted(dropped),
    }
    if read_note(state / _NOTE) != note:
        with suppress(OSError):  # a disk that is full; nothing is begun ahead then
            write_note(state / _NOTE, note)


def begin(root: Path, state: Path, sources: str, user: Mapping[str, str]) -> None:
    """Begin to build a project as it was built the last time, unless somebody else builds it.

    Args:
        root: the project.
        state: its folder in the cache.
        sources: the digest of its files.
        user: the user's variables.
    """
    note = read_note(state / _NOTE)
    try:
        call, env = _read(note or {}, user)
        if _begun or not is_whole(call.home, call.python):
            return
        lock = open_lock(state / LOCK)
    except (AttributeError, KeyError, TypeError, ValueError, OSError):
        return  # none, or damaged
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        room = Path(tempfile.mkdtemp(prefix="multirt-build-"))
    except OSError:
        os.close(lock)
        return
    (room / OUT).mkdir()
    _begun.append(
        _Begun(
            since=time.monotonic(),
            call=call,
            env=env,
            sources=sources,
            room=room,
            process=_start(call.argv(room), root, call.inside(env, room), room),
            lock=lock,
        )
    )
    atexit.register(drop)


def _read(note: Mapping[str, Any], user: Mapping[str, str]) -> tuple[Call, dict[str, str]]:
    """Return how a backend was started, and with which variables it would be now.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: the note is damaged.
    """
    if note["schema"] != _SCHEMA:
        raise ValueError(note["schema"])
    python, home, scripts, program = map(Path, note["paths"])
    words = tuple(map(str, note["words"]))
    call = Call(python=python, home=home, scripts=scripts, program=program, words=words)
    return call, {name: value for name, value in user.items() if name not in note["dropped"]}


def run(command: Sequence[str], root: Path, env: Mapping[str, str], room: Path) -> Done:
    """Build; what is said goes to a file of the room."""
    since = time.monotonic()
    process = _start(command, root, env, room)
    try:
        code = process.wait()
    except BaseException:  # an interrupt
        process.kill()
        raise
    return Done(code=code, seconds=time.monotonic() - since)


def _start(
    command: Sequence[str], root: Path, env: Mapping[str, str], room: Path
) -> subprocess.Popen[bytes]:
    with (room / _SAID).open("wb") as stream:
        return subprocess.Popen(
            command,
            cwd=root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def said(room: Path) -> str:
    """Return what was said while building."""
    return (room / _SAID).read_text(encoding="utf-8", errors="replace")


def settle() -> None:
    """Wait for the end of a build that was begun, and let others build."""
    for begun in _begun:
        begun.process.wait()
        fcntl.flock(begun.lock, fcntl.LOCK_UN)


def taken(call: Call, env: Mapping[str, str], sources: str, room: Path) -> Done | None:
    """Put what came of a build that was begun into a room.

    None where none was begun that is the same.
    """
    if not _begun:
        return None
    begun = _begun[0]
    if (begun.call, begun.env, begun.sources) != (call, env, sources):
        return None
    done = Done(code=begun.process.wait(), seconds=time.monotonic() - begun.since)
    (room / OUT).rmdir()
    for name in (OUT, ANSWER, _SAID):
        with suppress(FileNotFoundError):  # no answer of one that failed
            (begun.room / name).replace(room / name)
    drop()
    return done


def drop() -> None:
    """End a build that was begun and that nobody wants."""
    while _begun:
        begun = _begun.pop()
        begun.process.kill()
        begun.process.wait()
        os.close(begun.lock)
        shutil.rmtree(begun.room, ignore_errors=True)
