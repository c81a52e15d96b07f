"""Outlive a process that is killed, to clear away what it leaves: a program that waits beside it.

It is started by its path, without site-packages, so that it costs next to nothing; hence no
pathlib either. On its input come records, each ended by a NUL: `+` and what is to be cleared away
from now on, `-` and what no more is.
"""

from __future__ import annotations

import contextlib
import os
import signal

GROUP, PROCESS, FOLDER = "group", "process", "folder"


def _wait() -> None:
    """Wait until nobody holds the other end of our input, and clear away."""
    held: dict[str, None] = {}
    rest = b""
    while more := os.read(0, 1 << 16):
        *records, rest = (rest + more).split(b"\0")
        for record in map(os.fsdecode, records):
            if record.startswith("+"):
                held[record[1:]] = None
            else:
                held.pop(record[1:], None)
    for each in sorted(held, key=lambda record: record.startswith(FOLDER)):  # whose users end first
        kind, _, name = each.partition(" ")
        _clear(kind, name)


def _clear(kind: str, name: str) -> None:
    """End processes, or remove a folder; what is gone is no trouble."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if kind == GROUP:
            os.killpg(int(name), signal.SIGKILL)
        elif kind == PROCESS:
            os.kill(int(name), signal.SIGKILL)
        else:
            import shutil  # 8 ms, which nobody needs as long as all goes well

            shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    _wait()
