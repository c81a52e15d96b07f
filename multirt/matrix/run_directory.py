"""Give each run a folder of its own, and clear away after runs that were killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.matrix import sentinel
from multirt.matrix.sentinel import end_marked
from multirt.storage.lock import locked, open_lock
from runtimes.storage.trust import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_PREFIX = "mrt-"  # short: a socket's path has 108 characters, and tests make sockets


@contextlib.contextmanager
def room(state: Path, say: Callable[[str], object]) -> Iterator[Path]:
    """Make the temporary folder of a run; its name marks the processes of the run.

    A file in the project's state names it, locked for as long as this process lives: where such
    a file is not locked, its run was killed, and what it left is ended and removed.
    """
    runs = state / "runs"
    with locked(state / "runs.lock", say, "another run that begins"):
        _clear(runs)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        note = runs / folder.name
        handle = open_lock(note)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, os.fsencode(folder))
    try:
        with _watched(folder):
            yield folder
    finally:
        remove(folder)
        note.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def _watched(folder: Path) -> Iterator[None]:
    """End the processes of a run and remove its folder, should this process be killed."""
    if not sentinel.CAN_SEE:
        yield
        return
    python = [sys.executable, "-I", "-S", sentinel.__file__, folder.name, str(folder)]
    # The shell waits, for it starts in a tenth of the time, and mostly nothing else is to be done.
    with subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; exec "$@"', "sh", *python],
        stdin=subprocess.PIPE,  # closed when this process ends, however it does
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        start_new_session=True,  # an interrupt of the terminal is not for it
    ) as waiting:
        try:
            yield
        finally:
            waiting.kill()


def _clear(runs: Path) -> None:
    """Clear away after runs whose process is gone."""
    for note in runs.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), os.fdopen(open_file(note), "rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            end_marked(note.name)
            folder = Path(os.fsdecode(stream.read()))
            if folder.name == note.name:  # the file is ours, but it lies on a disk
                remove(folder)
            note.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a folder that tests wrote in, with what they made unreadable."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
