"""Find the files that may be runtimes, and tell at a look which of them are not."""

from __future__ import annotations

import errno
import os
import re
import stat
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.errors import CandidateError, Reason
from runtimes.executable_names import is_runtime_name
from runtimes.model import Environment, Rejection
from runtimes.sources.windows_registry import is_store_stub
from runtimes.storage.files import read_head
from runtimes.venvs import base_executable, configuration_file, overlays, site_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runtimes.sources.folders import SearchLocation


_SHIM_PROGRAMS = frozenset({"asdf", "mise", "pyenv", "rtx", "rye", "uv-trampoline"})
_SHIM_TEXT = re.compile(rb"\b(?:asdf|mise|pyenv|rtx)[\"']?\s+(?:exec|x)\b")
_HEAD = 1024  # bytes; a shim of pyenv has 250


class ExecutableCandidate(Struct, frozen=True, kw_only=True):
    """One file with the name of a runtime.

    Attributes:
        path: where it was found, absolute.
        real: the file behind its links; the same as `path` where there is none.
        source: the source that named its folder.
        explicit: the user named the folder.
    """

    path: str
    real: str
    source: str
    explicit: bool


class UniqueExecutable(Struct, frozen=True, kw_only=True):
    """One file that is worth a question, with every candidate that leads to it.

    Attributes:
        path: what to start.
        real: the file behind it.
        interpreter: what its `#!` line names; None for machine code.
        candidates: all that share the answer, the first source first.
    """

    path: str
    real: str
    interpreter: str | None
    candidates: tuple[ExecutableCandidate, ...]


class DirectoryInfo:
    """What is known of one folder after one look, for all candidates in it."""

    def __init__(self, path: str) -> None:
        """Remember the folder; nothing is looked at yet."""
        self.path = path

    @cached_property
    def real(self) -> str:
        """The folder behind links."""
        return os.path.realpath(self.path)

    @cached_property
    def configuration(self) -> str | None:
        """The `pyvenv.cfg` that counts for interpreters here."""
        return configuration_file(self.path) or configuration_file(self.real)

    @cached_property
    def mistrust(self) -> str | None:
        """Why what lies here is not started unasked; None when it may be."""
        if os.name == "nt":
            return None  # access lists, not modes; PATH is the user's own there
        try:
            status = os.stat(self.real)  # noqa: PTH116 - asked for every folder
        except OSError:
            return None  # listing it says what is wrong
        return _untrusted_reason(status)


def _untrusted_reason(status: os.stat_result) -> str | None:
    if status.st_mode & stat.S_IWOTH:
        return "everybody may write there"
    if os.name != "nt" and os.geteuid() == 0 and status.st_uid != 0:
        return f"belongs to user {status.st_uid}, and this is root"
    return None


class CandidateScan:
    """One look over the locations of a search.

    Attributes:
        rejected: what was seen and is no runtime.
        environments: the virtual environments that were met, by folder.
        bases: what each interpreter of an environment was made from; None when that is gone.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.rejected: list[Rejection] = []
        self.environments: dict[str, Environment] = {}
        self.bases: dict[str, Path | None] = {}
        self._folders: dict[str, DirectoryInfo] = {}

    def candidates(self, locations: Iterable[SearchLocation]) -> Iterator[ExecutableCandidate]:
        """Yield every file with a runtime's name; a folder is read once, for its first source."""
        seen: set[tuple[str, str | None]] = set()
        for location in locations:
            folder = location.folder.rstrip(os.sep) or os.sep
            if (folder, location.name) in seen or (folder, None) in seen:
                continue
            seen.add((folder, location.name))
            yield from self._in_location(folder, location)

    def _in_location(self, path: str, location: SearchLocation) -> Iterator[ExecutableCandidate]:
        folder = self._folder(path)
        try:
            names = [location.name] if location.name is not None else _runtime_names(path)
            if location.tree:
                names = [name for name in names if not os.path.isdir(os.path.join(path, name))]  # noqa: PTH112, PTH118
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._reject(path, Reason.UNREADABLE, error.strerror or str(error))
            return
        if folder.mistrust is not None and not location.explicit:
            self._reject(path, Reason.UNTRUSTED, folder.mistrust)
            return
        for name in names:
            yield self.candidate(
                os.path.join(path, name),  # noqa: PTH118 - hot
                source=location.source,
                explicit=location.explicit,
            )

    def candidate(self, path: str, *, source: str, explicit: bool) -> ExecutableCandidate:
        """Return the candidate at a path."""
        return ExecutableCandidate(
            path=path, real=self._real(path), source=source, explicit=explicit
        )

    def suspects(self, candidates: Iterable[ExecutableCandidate]) -> list[UniqueExecutable]:
        """Return what is worth a question, each file once."""
        groups: dict[tuple[object, ...], UniqueExecutable] = {}
        for candidate in candidates:
            try:
                key, interpreter = self._examine(candidate)
            except CandidateError as error:
                self._reject(candidate.path, error.reason, error.detail)
                continue
            known = groups.get(key)
            groups[key] = UniqueExecutable(
                path=known.path if known else self._to_start(candidate, interpreter),
                real=known.real if known else candidate.real,
                interpreter=interpreter,
                candidates=(*(known.candidates if known else ()), candidate),
            )
        return list(groups.values())

    def _examine(self, candidate: ExecutableCandidate) -> tuple[tuple[object, ...], str | None]:
        """Return what parts a candidate from others, and its `#!` interpreter.

        Raises:
            CandidateError: it is not to be started.
        """
        folder = self._folder(os.path.dirname(candidate.path))  # noqa: PTH120 - hot
        status = _status(candidate.path)
        real_folder = self._folder(os.path.dirname(candidate.real))  # noqa: PTH120 - hot
        if not candidate.explicit:
            for mistrust in (real_folder.mistrust, _untrusted_reason(status)):
                # A link may lead out of a trusted folder.
                if mistrust is not None:
                    raise CandidateError(Reason.UNTRUSTED, f"{candidate.real}: {mistrust}")
        if os.name == "nt" and is_store_stub(candidate.path, status.st_size):
            raise CandidateError(Reason.SHIM, "opens the Windows Store")
        head = _head(candidate.real)
        _refuse_shim(candidate, head)
        if configuration := folder.configuration or real_folder.configuration:
            raise self._environment_error(candidate.path, configuration)
        interpreter = _interpreter(head)
        if interpreter is not None and is_runtime_name(_program_of(interpreter)):
            raise CandidateError(Reason.PROGRAM, f"a script for {interpreter}")
        if self._is_itself(candidate, interpreter):
            return (real_folder.real, status.st_dev, status.st_ino), interpreter
        return (folder.real, os.path.basename(candidate.path)), interpreter  # noqa: PTH119

    def _environment_error(self, path: str, configuration: str) -> CandidateError:
        """Note an environment, and return the reason against its interpreter."""
        base = self.bases[path] = base_executable(Path(path))
        prefix = os.path.realpath(os.path.dirname(configuration))  # noqa: PTH120 - hot
        if prefix not in self.environments:
            home = Path(prefix)
            self.environments[prefix] = Environment(
                prefix=home, base=base, overlays=overlays(site_folders(home))
            )
        extra = " and ".join(one.name for one in self.environments[prefix].overlays)
        detail = f"an environment of {base}" if base else "an environment whose base is gone"
        return CandidateError(Reason.ENVIRONMENT, detail + (f", with {extra}" if extra else ""))

    def _is_itself(self, candidate: ExecutableCandidate, interpreter: str | None) -> bool:
        """Tell whether the name by which it is started makes no difference."""
        return interpreter is None and is_runtime_name(os.path.basename(candidate.real))  # noqa: PTH119

    def _to_start(self, candidate: ExecutableCandidate, interpreter: str | None) -> str:
        return candidate.real if self._is_itself(candidate, interpreter) else candidate.path

    def _real(self, path: str) -> str:
        """Return the file behind a path; a folder's links are followed once."""
        folder, name = os.path.split(path)
        for _ in range(40):  # as the kernel counts
            path = os.path.join(self._folder(folder).real, name)  # noqa: PTH118 - hot
            try:
                target = os.readlink(path)  # noqa: PTH115 - hot
            except OSError:
                return path
            folder, name = os.path.split(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120
            if name in ("", ".", ".."):
                break
        return os.path.realpath(path)

    def _folder(self, path: str) -> DirectoryInfo:
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = DirectoryInfo(path)
        return known

    def _reject(self, path: str, reason: Reason, detail: str) -> None:
        self.rejected.append(Rejection(path=Path(path), reason=reason, detail=detail))


def _runtime_names(folder: str) -> list[str]:
    return sorted(name for name in os.listdir(folder) if is_runtime_name(name))  # noqa: PTH208


def _status(path: str) -> os.stat_result:
    """Return the status of the file behind a path.

    Raises:
        CandidateError: there is none, or it cannot be a program.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - hot
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            detail = _link_detail(path, error)
            raise CandidateError(Reason.BROKEN_LINK, detail) from error
        raise CandidateError(Reason.UNREADABLE, error.strerror or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise CandidateError(Reason.NOT_A_FILE, _kind(status.st_mode))
    if not os.access(path, os.X_OK):
        raise CandidateError(Reason.NOT_EXECUTABLE, "has no permission to be executed")
    return status


def _link_detail(path: str, error: OSError) -> str:
    message = error.strerror or str(error)
    try:
        return f"{message}: a link to {os.readlink(path)}"  # noqa: PTH115 - text
    except OSError:
        return message


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _head(path: str) -> bytes:
    """Return how a file begins, empty where that may not be read (then it may still start)."""
    try:
        return read_head(path, _HEAD)
    except OSError:
        return b""


def _interpreter(head: bytes) -> str | None:
    """Return the `#!` line without its mark, None for what has none."""
    if not head.startswith(b"#!"):
        return None
    return os.fsdecode(head[2:].split(b"\n")[0].strip())


def _program_of(interpreter: str) -> str:
    """Return the name of the program that a `#!` line starts, seen through `env`."""
    arguments = interpreter.split()
    if arguments and os.path.basename(arguments[0]) == "env":  # noqa: PTH119 - text
        arguments = [
            argument
            for argument in arguments[1:]
            if not argument.startswith("-") and "=" not in argument
        ]
    return os.path.basename(arguments[0]) if arguments else ""  # noqa: PTH119 - text


def _refuse_shim(candidate: ExecutableCandidate, head: bytes) -> None:
    """Raise for what only selects a runtime: to start it could print, install, or fail."""
    folders = {os.path.basename(os.path.dirname(path)) for path in (candidate.path, candidate.real)}  # noqa: PTH119, PTH120
    name = os.path.basename(candidate.real)  # noqa: PTH119 - hot
    if "shims" in folders or name in _SHIM_PROGRAMS or _SHIM_TEXT.search(head):
        raise CandidateError(Reason.SHIM, "selects a runtime of a version manager")
