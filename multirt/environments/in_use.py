"""Keep environments that a start uses from being removed.

A start locks its environment until it becomes the program; from then on the command line of that
process names the environment. A start by a plan takes no lock: it checks `pyvenv.cfg` and becomes
the program at once, so a removal invalidates the plans first, and waits for such starts.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from multirt.environments.manifest import FILES, lock_file_of
from multirt.storage.files import remove_atomically
from multirt.storage.lock import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

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
            argument = file.read_bytes().partition(b"\0")[0]
            names = Path(os.fsdecode(argument)).parts
            found |= {by_name[name] for name in names if name in by_name}
    return found
