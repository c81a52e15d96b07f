"""Remember what candidates answered, one small file for each.

A cached answer counts only while everything that it rests on is unchanged. Whatever else is
wrong with a file or the folder, the candidate is simply asked again.
"""

from __future__ import annotations

import functools
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from runtimes.errors import CandidateError, Reason
from runtimes.executable_names import is_runtime_name
from runtimes.facts import started_file
from runtimes.storage import cache, fingerprint
from runtimes.storage.fingerprint import Fingerprints  # noqa: TC001 - msgspec reads it
from runtimes.storage.trust import check_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runtimes.candidates import UniqueExecutable

_LOADER_CACHE = "/etc/ld.so.cache"  # which libraries of the system there are
_MOST_LINKS = 40  # as Linux follows


def files_of(suspect: UniqueExecutable) -> Iterator[str]:
    """Yield the files whose change makes another program of a suspect."""
    yield suspect.real
    # A list of folders instead of the usual ones, as CPython's Modules/getpath.py reads it.
    yield f"{suspect.real}._pth"
    yield f"{suspect.path}._pth"
    folder = os.path.dirname(suspect.real)  # noqa: PTH120 - text
    for name in ("pyvenv.cfg", "pybuilddir.txt", "../pyvenv.cfg"):
        yield os.path.join(folder, name)  # noqa: PTH118 - text
    if suspect.interpreter is not None:
        yield suspect.path
        yield suspect.interpreter.split()[0] if suspect.interpreter.split() else ""


def files_behind(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the files and folders that a runtime's own answer rests on."""
    if isinstance(image := facts.get("image"), str):
        yield image
    yield from _paths(facts, "mapped")  # libraries
    for item in _paths(facts, "path"):  # folders and archives of the standard library
        yield item
        yield os.path.join(item, "os.py")  # noqa: PTH118 - text
        yield os.path.dirname(item)  # noqa: PTH120 - a jar, seen from inside


def files_of_modules(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield what decides which modules of the standard library import, or holds them all."""
    yield from _paths(facts, "loaded")
    if facts.get("missing"):  # the library that one lacks may be installed
        yield _LOADER_CACHE


def landmarks(suspect: UniqueExecutable, facts: Mapping[str, object]) -> Iterator[str]:
    """Yield where a standard library would be found before the one that was.

    A runtime looks for it upwards from its own file (CPython: Modules/getpath.py).
    """
    for library in _paths(facts, "path"):
        folder, name = os.path.split(library)
        if name.startswith(("python", "pypy")) and not name.endswith(".zip"):
            end = os.path.join(os.path.basename(folder), name)  # noqa: PTH118, PTH119 - text
            for start in (suspect.path, suspect.real):
                yield from (os.path.join(above, end) for above in Path(start).parents)  # noqa: PTH118


def _paths(facts: Mapping[str, object], name: str) -> list[str]:
    """Return the absolute paths of a list that a runtime answered."""
    items = facts.get(name)
    texts = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
    return [text for text in texts if os.path.isabs(text)]  # noqa: PTH117 - text


def is_wrapper(suspect: UniqueExecutable, facts: Mapping[str, object]) -> bool:
    """Tell whether the one that answered is another file than the one that was asked.

    Then what was asked is a wrapper, and where it leads may change without a trace in it.
    """
    started = started_file(facts)
    if started is not None and os.path.realpath(started) != os.path.realpath(suspect.real):
        return True
    image = facts.get("image")
    if not isinstance(image, str) or os.path.realpath(image) == os.path.realpath(suspect.real):
        return False
    # Java and node are what a Jython or a Pyodide runs in, not another runtime.
    return suspect.interpreter is None or is_runtime_name(os.path.basename(image))  # noqa: PTH119


def has_virtual_filesystem(facts: Mapping[str, object]) -> bool:
    """Tell whether a runtime has a file system of its own, and does not say what it came from."""
    return facts.get("system") == "emscripten" and not _paths(facts, "loaded")


def escaping_symlink(path: str) -> str | None:
    """Return the link by which a path leads out of its folder, which tells of the others itself."""
    folder = os.path.dirname(path)  # noqa: PTH120 - hot
    for link, target in _links(path):
        if os.path.dirname(target) != folder:  # noqa: PTH120 - hot
            return link
    return None


def symlink_dirs(path: str) -> Iterator[str]:
    """Yield the folder of each link between a path and its file; to turn one shows there."""
    for link, _ in _links(path):
        yield os.path.dirname(link)  # noqa: PTH120 - text


def _links(path: str) -> Iterator[tuple[str, str]]:
    """Yield each link on the way from a path to its file, with what it leads to."""
    for _ in range(_MOST_LINKS):
        try:
            target = os.readlink(path)  # noqa: PTH115 - hot
        except OSError:
            return  # no link
        target = os.path.join(os.path.dirname(path), target)  # noqa: PTH118, PTH120 - as above
        yield path, target
        path = target


def venv_markers(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the file and the folder that a runtime says it is, and what would make it another."""
    for path in (facts.get("executable"), facts.get("prefix")):
        if isinstance(path, str) and os.path.isabs(path) and "\0" not in path:  # noqa: PTH117 - text
            yield path
            for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):  # noqa: PTH120
                yield os.path.join(folder, "pyvenv.cfg")  # noqa: PTH118 - text


CACHE_FOLDER: Final = "runtimes"
"""Where they are, below the folder of all that is cached."""

# What changes which program a file starts, or which libraries it gets.
_VARIABLES: Final = (
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


def identity_env_vars(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that change what a file answers."""
    return {name: env[name] for name in _VARIABLES if name in env}


class CacheInfo(Struct, frozen=True, kw_only=True):
    """The state of a cache folder.

    Attributes:
        folder: where the answers are.
        answers: number of files with an answer in them.
        unreadable: number of files that are damaged or not the user's own.
        size: bytes of all of them.
        writable: new answers can be cached.
    """

    folder: Path
    answers: int
    unreadable: int
    size: int
    writable: bool


def cache_info(cache_dir: Path) -> CacheInfo:
    """Return the state of the cached answers below a cache folder."""
    files = list(_files(cache_dir))
    good = [file for file in files if cache.read(file, dict[str, Any]) is not None]
    folder = cache_dir / CACHE_FOLDER
    return CacheInfo(
        folder=folder,
        answers=len(good),
        unreadable=len(files) - len(good),
        size=sum(found.size for file in files if (found := fingerprint.of_file(file))),
        writable=(nearest := _nearest(folder)).is_dir() and os.access(nearest, os.W_OK),
    )


def clear_cache(cache_dir: Path) -> int:
    """Forget every cached answer below a cache folder; return how many files went.

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
        check_folder(cache_dir / CACHE_FOLDER)
        yield from sorted((cache_dir / CACHE_FOLDER).iterdir())
    except OSError:
        return


_SCRIPT = Path(__file__).with_name("probe_script.py.txt")


@functools.cache
def question() -> bytes:
    """Return the script before its nonce is put in; it parses on Python 2.7 and MicroPython."""
    return _SCRIPT.read_bytes()


def question_with(nonce: str, crashed: Iterable[str] = ()) -> str:
    """Return the script that frames its answer with a nonce.

    Args:
        nonce: letters and digits.
        crashed: the modules that it must not import again.
    """
    script = question().decode("ascii").replace("@NONCE@", nonce)
    return script.replace("@CRASHED@", " ".join(crashed))


_SCHEMA = 1
_FAILURE_LIFE = 60  # seconds; what hung may have been mended elsewhere


class StatSnapshot(Struct, frozen=True, kw_only=True):
    """What was there before a suspect was asked.

    Attributes:
        time: when that was, in nanoseconds since 1970.
        files: fingerprints of those that decide which program it is.
    """

    time: int
    files: Fingerprints


class _CachedProbe(msgspec.Struct, frozen=True, kw_only=True):
    """What is cached of a suspect: facts, or reason, detail, end and limit of a failure."""

    key: str
    witnesses: Fingerprints
    facts: dict[str, Any] | None = None
    failure: tuple[Reason, str, float, float] | None = None


class Cache:
    """The cached answers of one search."""

    def __init__(self, folder: Path | None, env: Mapping[str, str]) -> None:
        """Use a folder, which need not exist; None caches nothing."""
        self._folder = os.fspath(folder / CACHE_FOLDER) if folder is not None else None
        self._env = identity_env_vars(env)
        self._path = env.get("PATH")
        self._question = zlib.crc32(question()) if folder is not None else 0
        self._used: set[str] = set()
        self._written = False
        self._known: Fingerprints = {}  # many runtimes rest on the same libraries
        self._files: Fingerprints = {}

    def load(
        self, suspect: UniqueExecutable, limit: float
    ) -> dict[str, object] | CandidateError | None:
        """Return what is cached of a suspect, None when that is nothing or no longer true.

        Args:
            suspect: who.
            limit: the seconds that it would have now; a shorter wait in vain does not count.
        """
        if self._folder is None:
            return None
        key = self._key(suspect)
        file = self._file(key)
        self._used.add(file)
        self._files[file] = fingerprint.of_file(file)
        note = cache.read(file, _CachedProbe)
        if note is None or note.key != key:
            return None
        if not fingerprint.is_current(note.witnesses, self._known):
            return None
        return note.facts if note.facts is not None else _failure(note, limit)

    def seen(self) -> Fingerprints:
        """Return what the cached answers rest on, and the notes themselves."""
        return {**self._known, **self._files}

    def watch(self, suspect: UniqueExecutable) -> StatSnapshot:
        """Return what to take down before a suspect is asked."""
        files = files_of(suspect) if self._folder is not None else ()
        return StatSnapshot(time=time.time_ns(), files=fingerprint.of_files(files))

    def store(
        self,
        suspect: UniqueExecutable,
        before: StatSnapshot,
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
        facts, failure = None, None
        witnesses = before.files
        if isinstance(outcome, CandidateError):
            if outcome.reason is not Reason.TIMED_OUT:
                return  # it may be mended elsewhere at any time, and soon fails again if not
            failure = (outcome.reason, outcome.detail, time.time() + _FAILURE_LIFE, limit)
        else:
            if is_wrapper(suspect, outcome) or has_virtual_filesystem(outcome):
                return
            facts = outcome
            behind = [
                *files_behind(outcome),
                *files_of_modules(outcome),
                *landmarks(suspect, outcome),
                *self._searched(suspect, outcome),
            ]
            witnesses = {**fingerprint.of_files(behind), **witnesses}
        if not fingerprint.is_current(before.files) or fingerprint.any_racy(witnesses, before.time):
            return  # it changed meanwhile, or could change again without a trace
        key = self._key(suspect)
        file = self._file(key)
        self._used.add(file)
        self._written = True
        with suppress(OSError):  # a full or read-only disk is no trouble
            cache.write(
                file, _CachedProbe(key=key, witnesses=witnesses, facts=facts, failure=failure)
            )

    def prune(self) -> None:
        """Where something was written, remove what was not used for long."""
        if self._folder is not None and self._written:
            cache.prune(self._folder, self._used)

    def _searched(self, suspect: UniqueExecutable, facts: Mapping[str, object]) -> Iterator[str]:
        """Yield where a script may have found the Java or node that its answer came from.

        A link there that is turned to another version leaves no trace in either.
        """
        image = facts.get("image")
        if suspect.interpreter is not None and isinstance(image, str):
            for folder in (self._path or "").split(os.pathsep):
                yield os.path.join(folder, os.path.basename(image))  # noqa: PTH118, PTH119 - text

    def _key(self, suspect: UniqueExecutable) -> str:
        """Return what must be equal for an answer to be the answer to this question."""
        path = self._path if suspect.interpreter is not None else None
        parts = (_SCHEMA, self._question, suspect.path, suspect.real, suspect.interpreter)
        return repr([*parts, self._env, path])

    def _file(self, key: str) -> str:
        return cache.file_for(self._folder or "", key)


def _failure(note: _CachedProbe, limit: float) -> CandidateError | None:
    """Return a cached failure while it counts."""
    if note.failure is None:
        return None
    reason, detail, until, had = note.failure
    fresh = 0 <= until - time.time() <= _FAILURE_LIFE
    waited = reason is not Reason.TIMED_OUT or had >= limit
    return CandidateError(reason, detail) if fresh and waited else None
