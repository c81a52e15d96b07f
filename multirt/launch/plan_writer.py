"""Write plan files, for `reader` and the native launcher to start from."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.launch.plan_key import plan_query
from multirt.launch.plan_reader import (
    FORMAT,
    names_digest,
    plan_name,
    plans_folder,
    signature,
    signature_of,
)
from multirt.process.debug_log import debug
from runtimes.storage.files import save
from runtimes.storage.fingerprint import TICK, is_racy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from multirt.launch.plan_key import PlanQuery
    from multirt.selection.model import Plan

_SECOND = 1_000_000_000
_SOON = 60  # s; as long as the search goes by the silence of a candidate
_MOST = 2000  # plan files; past that the least recently used go
_ENOUGH = 1500


class PlanNotSafeError(Exception):
    """No plan is written, for it could not be trusted; the text says why."""


class PlanInputs(Struct, frozen=True, kw_only=True):
    """What a decision depends on.

    Attributes:
        since: when the first of it was read, in ns since the epoch.
        paths: files and folders, there or absent, links followed.
        links: files that may be links, for which the link itself counts too.
        above: names that count in the current folder and all above it, `.python-version`.
        names: folders in which only some names count: those that begin with one of some names and
            go on with a dot or not at all.
        variables: environment variables with their values; None for one that is not set.
        local: it holds in the current folder only.
        soon: it holds for a minute only; then a candidate that gave no answer is asked again.
        below: folders in which many of the paths are.
        made: what was made since, in order to start: nothing was decided by it.
        until: seconds since the epoch at which to decide again, within a day; None for
            never.
    """

    since: int
    paths: tuple[str, ...]
    links: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    names: tuple[tuple[str, frozenset[str]], ...] = ()
    variables: Mapping[str, str | None]
    local: bool = False
    soon: bool = False
    below: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    until: float | None = None


class LaunchCommand(Struct, frozen=True, kw_only=True):
    """How a program is started.

    Attributes:
        executable: what is started.
        arguments: ahead of the user's own; the program is the last or so.
        environment: variables to set.
        notice: a line for people; None when there is nothing to say.
    """

    executable: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    notice: str | None = None


def write_plan(question: PlanQuery, inputs: PlanInputs, start: LaunchCommand) -> Path:
    """Write the plan for a question and return its path.

    Raises:
        UnsureError: something changed so lately, or cannot be read, that the plan might not be
            true; or no folder is given for it.
    """
    env = os.environb
    folder = plans_folder(env)
    if folder is None:
        raise PlanNotSafeError("no folder for plans")
    cwd = os.fsdecode(question.cwd)
    above = [name for name in inputs.above if any(map(os.path.lexists, _upwards(cwd, name)))]
    key = list(question.each_key())[-1 if above or inputs.local or question.local else 0]
    records = [
        *((b"D%d" % inputs.until,) if inputs.until is not None else ()),
        *_variables(inputs.variables),
        *_links(inputs.links),
        *((b"D%d" % (inputs.since // _SECOND + _SOON),) if inputs.soon else ()),
        *_above(inputs.above, above, cwd),
        *_names(inputs.names),
        *_paths(inputs, [path for name in above for path in _upwards(cwd, name)]),
        *_outcome(start),
        b".",
    ]
    content = FORMAT + key + b"\0" + b"".join(record + b"\0" for record in records)
    path = Path(os.fsdecode(folder), os.fsdecode(plan_name(key)))
    try:
        _put(path, content)
    except OSError as error:
        raise PlanNotSafeError(f"cannot write {path}: {error.strerror}") from error
    return path


def _upwards(cwd: str, name: str) -> Iterator[str]:
    """Yield where a name could be in a folder and above it."""
    for folder in (Path(cwd), *Path(cwd).parents):
        yield str(folder / name)


def _variables(variables: Mapping[str, str | None]) -> Iterator[bytes]:
    for name, value in sorted(variables.items()):
        yield b"E" + os.fsencode(name if value is None else f"{name}={value}")


def _links(paths: Iterable[str]) -> Iterator[bytes]:
    for path in dict.fromkeys(paths):
        if os.path.islink(path):  # noqa: PTH114 - text
            signature = signature_of(os.fsencode(path), follow=False)
            if signature is not None:
                yield b"L" + signature + b" " + os.fsencode(path)


def _above(names: Iterable[str], there: Sequence[str], cwd: str) -> Iterator[bytes]:
    """Yield the names that are nowhere above; where one is, each folder counts by itself."""
    for name in names:
        if name not in there and cwd.startswith("/"):
            yield b"U" + os.fsencode(name)


def _names(folders: Iterable[tuple[str, frozenset[str]]]) -> Iterator[bytes]:
    for folder, names in folders:
        path = os.fsencode(folder)
        listed = os.fsencode("".join(f"/{name}" for name in sorted(names)) + "/")
        signature, digest = signature_of(path), names_digest(path, listed)
        if signature is None or digest is None:
            raise PlanNotSafeError(f"cannot look into {folder}")
        yield b"N" + b" ".join((signature, digest, listed, path))


def _paths(inputs: PlanInputs, more: Iterable[str]) -> Iterator[bytes]:
    """Yield every file and folder that was read, and every one that was not there."""
    found = dict(_path(path, inputs.since) for path in [*inputs.paths, *more])
    if inputs.made:
        rested = _old_enough(inputs.made)
        found |= dict(_path(path, rested) for path in inputs.made)
    inner: dict[bytes, list[bytes]] = {os.fsencode(folder): [] for folder in inputs.below}
    for path, known in found.items():
        folder = next((each for each in inner if path.startswith(each + b"/")), None)
        if known is None and _is_vouched_for(path, found):
            continue
        shown = path if folder is None else path[len(folder) + 1 :]
        record = b"A" + shown if known is None else b"F" + known + b" " + shown
        if folder is None:
            yield record
        else:
            inner[folder].append(record)
    for folder, records in inner.items():
        if records:
            yield b"B" + folder
            yield from records


def _is_vouched_for(path: bytes, found: Mapping[bytes, bytes | None]) -> bool:
    """Tell whether an absent path lies in a folder that counts itself, and so shows what comes."""
    folder = os.path.dirname(path)  # noqa: PTH120 - bytes
    return found.get(folder) is not None and not os.path.lexists(path)


def _old_enough(paths: Iterable[str]) -> int:
    """Return the present, once the last change of some files lies a tick in the past."""
    latest = max((os.stat(path).st_ctime_ns for path in paths), default=0)  # noqa: PTH116 - text
    wait = latest + TICK - time.time_ns()
    if 0 < wait <= TICK:
        time.sleep(wait / _SECOND)  # saves a third of a second next time
    return time.time_ns()


def _path(path: str, since: int) -> tuple[bytes, bytes | None]:
    """Return what tells whether a path is unchanged: its signature, None where nothing is.

    Raises:
        UnsureError: it changed after it may have been read, or so shortly before that one more
            change could carry the same time: the trap that git knows as "racy".
    """
    encoded = os.fsencode(path)
    try:
        status = os.stat(encoded)  # noqa: PTH116 - hundreds of them
    except (FileNotFoundError, NotADirectoryError):
        return _first_absent(encoded), None
    except (OSError, ValueError) as error:
        raise PlanNotSafeError(f"cannot look at {path}") from error
    if is_racy(status.st_ctime_ns, since):
        raise PlanNotSafeError(f"{path} changed only just now")
    return encoded, signature(status)


def _first_absent(path: bytes) -> bytes:
    """Return the highest folder above an absent path that is absent too: it stands for many."""
    while not os.path.exists(above := os.path.dirname(path)):  # noqa: PTH110, PTH120 - bytes
        path = above
    return path


def _outcome(start: LaunchCommand) -> Iterator[bytes]:
    if start.notice is not None:
        yield b"T" + start.notice.encode(errors="replace").replace(b"\0", b"")
    yield b"P" + os.fsencode(start.executable)
    for argument in (start.executable, *start.arguments):
        yield b"G" + os.fsencode(argument)
    for name, value in start.environment:
        yield b"V" + os.fsencode(f"{name}={value}")


def _put(path: Path, content: bytes) -> None:
    """Write a plan atomically, and keep the folder small."""
    save(path, content)
    prune(path.parent)


def prune(folder: Path, *, most: int = _MOST, enough: int = _ENOUGH) -> int:
    """Remove the least recently used plans where there are too many; return how many went.

    Args:
        folder: of plans.
        most: how many there may be.
        enough: how many stay when there are more.
    """
    names = os.listdir(folder)  # noqa: PTH208 - names only, at every write
    if len(names) <= most:
        return 0
    used = []
    for name in names:
        with suppress(OSError):
            status = os.lstat(folder / name)
            used.append((max(status.st_atime_ns, status.st_mtime_ns), name))
    old = sorted(used)[: max(0, len(used) - enough)]
    for _, name in old:
        with suppress(OSError):
            (folder / name).unlink()
    return len(old)


def save_plan(
    command_line: Sequence[str],
    planned: Plan,
    notice: str | None,
    rests_on: Callable[[], PlanInputs],
) -> None:
    """Write the plan of a command line, where there can be one.

    Args:
        command_line: all arguments of this process.
        planned: how the program is started, without its own arguments.
        notice: a line for people; None when there is nothing to say.
        rests_on: gives what the decision depends on.
    """
    question = plan_query([*map(os.fsencode, command_line)], os.fsencode(Path.cwd()), os.environb)
    if question is None:
        return
    start = LaunchCommand(
        executable=str(planned.executable),
        arguments=planned.arguments,
        environment=planned.environment,
        notice=notice,
    )
    try:
        path = write_plan(question, rests_on(), start)
    except PlanNotSafeError as error:
        debug(f"no plan is written: {error}")
    else:
        debug(f"wrote plan {path}")
