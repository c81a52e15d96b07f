"""Keep with each environment what it is, and tell whether it is still whole."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from multirt.environments.integrity import FILES, RECORD, Contents, contents_are_intact, stamp_of
from multirt.environments.venv import python_of
from runtimes.storage import cache

if TYPE_CHECKING:
    from pathlib import Path

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
    cache.write(home / FILES, Contents(files=files, stamp=stamp_of(home, files), local=local))


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
    """Return what an environment is; None when that cannot be told."""
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
