"""Name environments, write down what each one is, and check that it is intact."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments.model import python_of
from runtimes.storage import cache
from runtimes.storage.trust import check_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from runtimes import Runtime


def runtime_identity(runtime: Runtime) -> tuple[str, ...]:
    """Return what differs as soon as another interpreter is at a runtime's path.

    Raises:
        OSError: it is gone.
    """
    return (
        str(runtime.executable),
        signature(runtime.executable),
        str(runtime.version),
        runtime.abi.soabi or "",
        runtime.platform.tag,
    )


def signature(executable: Path) -> str:
    """Return what differs as soon as another file is at a path.

    Raises:
        OSError: none is.
    """
    status = executable.stat()
    return str((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


def digest(*facts: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that differ when a fact, its position or its group does."""
    state = hashlib.sha256()
    for group in facts:
        for fact in group:
            data = os.fsencode(fact)
            state.update(b"%d:" % len(data) + data)
        state.update(b";")
    return state.hexdigest()[:16]


RECORD = "multirt.json"  # what an environment is
FILES = "multirt-files.json"  # the names of all that is in it by folder, and one stamp of all
_FACTOR = 1_000_003
_BITS = (1 << 64) - 1


class InstalledFiles(Struct, frozen=True, kw_only=True):
    """What is in an environment.

    Attributes:
        files: their names, by folder.
        stamp: one for all of them.
        local: what stands for its local wheels, where they may be replaced.
    """

    files: dict[str, list[str]]
    stamp: int
    local: tuple[str, ...]


def lock_file_of(home: Path) -> Path:
    """Return the file that stands for an environment that is in use."""
    return home.parent.parent / "locks" / f"{home.name}.use"


def contents_are_intact(home: Path, python: Path, local: tuple[str, ...] | None = None) -> bool:
    """Tell whether an environment is complete, and every file is there as it was installed.

    Args:
        home: its folder.
        python: how it is started.
        local: what stands for the local wheels that it should have; None for any.
    """
    if not python.exists() or not (home / RECORD).is_file():
        return False
    note = cache.read(home / FILES, InstalledFiles)
    if note is None or (local is not None and note.local != local):
        return False
    try:
        check_tree(home)
        return stamp_of(home, note.files) == note.stamp
    except (OSError, ValueError):
        return False


def stamp_of(home: Path, files: Mapping[str, Sequence[str]]) -> int:
    """Return a number that changes with the size of any file, and with when it was written.

    Args:
        home: of the environment.
        files: names by folder.

    Raises:
        OSError: one is not there.
    """
    root = os.fspath(home)
    stamp = 0
    for folder, names in files.items():
        for name in names:
            found = os.stat(f"{root}/{folder}/{name}")  # noqa: PTH116 - thousands
            stamp = (stamp * _FACTOR + found.st_mtime_ns) * _FACTOR + found.st_size & _BITS
    return stamp


_PROGRAMS = 20  # that are cached; the last ones


class EnvironmentKind(StrEnum):
    """What an environment is for."""

    INSTALLED = "installed"  # it holds packages
    OVERLAY = "overlay"  # it leads to folders of packages


class Manifest(Struct, frozen=True, kw_only=True):
    """What an environment is.

    Attributes:
        schema: of the file that it is kept in.
        kind: what it is for.
        runtime: id of the runtime when it was made.
        executable: of that runtime.
        identity: what differs when another interpreter is there.
        packages: name and version of each, with a space between.
        wanted: the requirements; of an overlay, the folders.
        made: seconds since the epoch.
        programs: which were started with it, the last one first.
    """

    schema: Literal[1] = 1
    kind: EnvironmentKind
    runtime: str
    executable: str
    identity: tuple[str, ...]
    packages: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    made: float
    programs: tuple[str, ...] = ()


def write_manifest(home: Path, record: Manifest, local: tuple[str, ...] = ()) -> None:
    """Write down what an environment is, and its files; the last thing before it is used.

    Args:
        home: its folder.
        record: what it is.
        local: what stands for its local wheels, where they may be replaced.

    Raises:
        OSError: the disk is full.
    """
    write_record(home, record)
    files = _files(home)
    cache.write(home / FILES, InstalledFiles(files=files, stamp=stamp_of(home, files), local=local))


def invalidate_manifest(home: Path) -> None:
    """Mark an environment as incomplete while something in it is replaced.

    Raises:
        OSError: the file cannot be removed.
    """
    (home / FILES).unlink(missing_ok=True)


def write_record(home: Path, record: Manifest) -> None:
    """Write down what an environment is.

    Raises:
        OSError: it cannot be written.
    """
    cache.write(home / RECORD, record)


def read_record(home: Path) -> Manifest | None:
    """Return what an environment is; None when that is not known."""
    return cache.read(home / RECORD, Manifest)


def is_intact(home: Path) -> bool:
    """Tell whether an environment is complete, and every file is there in its size."""
    return contents_are_intact(home, python_of(home))


def note_use(home: Path, program: Path | None) -> None:
    """Remember that an environment was used, and for which program."""
    with suppress(OSError):  # a cache that is read-only serves as well
        os.utime(home / RECORD)
        record = read_record(home)
        if program is None or record is None or record.programs[:1] == (str(program),):
            return
        others = tuple(each for each in record.programs if each != str(program))
        write_record(home, replace(record, programs=(str(program), *others)[:_PROGRAMS]))


def last_used(home: Path) -> float | None:
    """Return when an environment was used last, to a day or so; None when that is not known.

    Every start of its python reads `pyvenv.cfg`, and the file system notes that daily.
    """
    times = []
    for name, field in (("pyvenv.cfg", "st_atime"), (RECORD, "st_mtime")):
        with suppress(OSError):
            times.append(getattr((home / name).stat(), field))
    return min(max(times), time.time()) if times else None


def _files(home: Path) -> dict[str, list[str]]:
    """Return the names of the files that must stay as they are, by folder.

    The record does not: it tells who uses the environment.
    """
    found: dict[str, list[str]] = {}
    for folder, folders, files in os.walk(home):
        folders[:] = [name for name in folders if name != "__pycache__"]
        names = [
            name
            for name in sorted(files)
            if name not in {".lock", RECORD, FILES}
            and not os.path.islink(os.path.join(folder, name))  # noqa: PTH114, PTH118 - thousands
        ]
        if names:
            found[os.path.relpath(folder, home)] = names
    return found
