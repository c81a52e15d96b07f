"""List environments, keep those that a start uses, and remove the others.

A start locks its environment until it becomes the program; from then on the command line of that
process names the environment. A start by a plan takes no lock: it checks `pyvenv.cfg` and becomes
the program at once, so a removal invalidates the plans first, and waits for such starts.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from multirt.environments.manifest import (
    FILES,
    Manifest,
    is_intact,
    last_used,
    lock_file_of,
    read_record,
    signature,
)
from multirt.storage.files import remove_atomically
from multirt.storage.lock import file_lock
from runtimes.storage.trust import check_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from multirt.environments.model import EnvironmentStore

_ABANDONED = 600  # seconds without a change after which a folder is abandoned
_FORGOTTEN = 30 * 86_400  # seconds after which a resolution is of no use even offline


class EnvironmentState(StrEnum):
    """Whether an environment can be used."""

    WHOLE = "whole"
    DAMAGED = "damaged"  # the next start that needs it makes it again
    ABSENT = "runtime absent"  # its runtime is gone, or another one is in its place


class StoredEnvironment(Struct, frozen=True, kw_only=True):
    """One environment on the disk.

    Attributes:
        home: its folder, whose name is its name.
        record: what it is; None when that is not known.
        state: whether it can be used.
        size: bytes of all its files.
        own: bytes that its removal frees: of files that no cache and no other environment shares.
        used: seconds since the epoch of its last use, to a day or so.
    """

    home: Path
    record: Manifest | None
    state: EnvironmentState
    size: int
    own: int
    used: float


class PruneLimits(Struct, frozen=True, kw_only=True):
    """What may stay.

    Attributes:
        unused: seconds without use after which an environment goes; None lets it stay.
        size: bytes of their own that all together may take; None is no limit.
    """

    unused: float | None = None
    size: int | None = None


def environments(store: EnvironmentStore) -> tuple[StoredEnvironment, ...]:
    """Return every environment, the one that was used last first."""
    found = [_read(home) for home in _folders(store.environments) if not home.name.startswith(".")]
    return tuple(sorted(found, key=lambda each: (-each.used, each.home.name)))


def stale_build_dirs(store: EnvironmentStore) -> tuple[Path, ...]:
    """Return the folders that an interrupted builder left, and that no process works at."""
    limit = time.time() - _ABANDONED
    return tuple(
        folder
        for folder in _folders(store.environments)
        if folder.name.startswith((".new-", ".old-")) and _changed(folder) < limit
    )


def prunable(
    found: Sequence[StoredEnvironment], limits: PruneLimits, now: float
) -> tuple[StoredEnvironment, ...]:
    """Return the environments that have no use any more, or exceed a limit.

    Args:
        found: all of them, the one that was used last first.
        limits: what may stay.
        now: seconds since the epoch.
    """
    go: list[StoredEnvironment] = []
    capacity = limits.size
    for each in found:
        useless = each.state is not EnvironmentState.WHOLE
        old = limits.unused is not None and now - each.used > limits.unused
        if useless or old or (capacity is not None and each.own > capacity):
            go.append(each)
        elif capacity is not None:
            capacity -= each.own
    return tuple(go)


def forget_resolutions(store: EnvironmentStore) -> None:
    """Remove the cached resolutions that are too old to be of use."""
    limit = time.time() - _FORGOTTEN
    with suppress(OSError):
        for note in store.resolutions.iterdir():
            if _changed(note) < limit:
                note.unlink(missing_ok=True)


def sweep(store: EnvironmentStore) -> None:
    """Remove what interrupted builders left, and old files that make environments."""
    limit = time.time() - _FORGOTTEN
    kept = [*_folders(store.root / "empty"), *_folders(store.root / "virtualenv")]
    for folder in (*stale_build_dirs(store), *(each for each in kept if _changed(each) < limit)):
        import shutil  # 2 ms, where a build was abandoned

        shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> Iterator[Path]:
    try:
        check_folder(root)
        yield from sorted(root.iterdir())
    except OSError:
        return


def _read(home: Path) -> StoredEnvironment:
    """Read what is known of one environment."""
    record = read_record(home)
    size, own = _sizes(home)
    return StoredEnvironment(
        home=home,
        record=record,
        state=_state(home, record),
        size=size,
        own=own,
        used=last_used(home) or _changed(home),
    )


def _state(home: Path, record: Manifest | None) -> EnvironmentState:
    if record is None:
        return EnvironmentState.DAMAGED
    try:
        same = signature(Path(record.executable)) in record.identity
    except OSError:
        same = False
    if not same:
        return EnvironmentState.ABSENT
    return EnvironmentState.WHOLE if is_intact(home) else EnvironmentState.DAMAGED


def _sizes(home: Path) -> tuple[int, int]:
    """Return the bytes of all files below a folder, and those that nothing else holds."""
    size = own = 0
    for folder, _, files in os.walk(home):
        for name in files:
            with suppress(OSError):
                status = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - thousands
                size += status.st_size
                own += status.st_size if status.st_nlink == 1 else 0
    return size, own


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


_PAUSE = 0.1  # s; from the check of a plan to its program takes 1 ms
_until_the_end: Final = ExitStack()  # the locks end with the process


def mark_in_use(home: Path) -> None:
    """Lock an environment until this process ends or becomes a program."""
    with suppress(OSError):  # the cache may be read-only; then nothing can be removed either
        _until_the_end.enter_context(file_lock(lock_file_of(home))).share()


def release() -> None:
    """Unlock the environments that this process locked, when it has no more use for them."""
    _until_the_end.close()


def remove(homes: Iterable[Path]) -> tuple[Path, ...]:
    """Remove environments, each at once or not at all; return those that stay, being in use.

    Raises:
        OSError: one cannot be removed.
    """
    wanted = tuple(homes)
    with ExitStack() as locks:
        free = {
            home
            for home in wanted
            if locks.enter_context(file_lock(lock_file_of(home))).try_acquire()
        }
        free -= started(free)
        for home in free:
            _invalidate(home)
        if free:
            time.sleep(_PAUSE)
        free -= started(free)
        for home in free:
            remove_atomically(home)
    return tuple(home for home in wanted if home not in free)


def _invalidate(home: Path) -> None:
    """Let no plan and no start use an environment any more."""
    with suppress(OSError):  # it is damaged, or gone
        os.utime(home / "pyvenv.cfg")
    (home / FILES).unlink(missing_ok=True)


def started(homes: Iterable[Path]) -> set[Path]:
    """Return the environments whose python a process runs; none where there is no `/proc`."""
    by_name = {home.name: home for home in homes}
    found: set[Path] = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended, or is another user's
            python = Path(os.fsdecode(file.read_bytes().partition(b"\0")[0]))
            for folder in python.parents:
                home = by_name.get(folder.name)
                # Another cache may have an environment of the same name.
                if home is not None and (not folder.is_absolute() or folder.samefile(home)):
                    found.add(home)
    return found
