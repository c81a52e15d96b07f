"""End what a run started that was killed: a program that starts when it is.

It is started by its path, without site-packages, to be quick; hence no pathlib either.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from zlib import crc32

TYPE_CHECKING = False  # importing typing would double the time of a start
if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = "MULTIRT_MATRIX_RUN"
CELL = "MULTIRT_MATRIX_CELL"
CAN_SEE = os.path.exists("/proc/self/environ")  # noqa: PTH110 - see above
"""Whether this system shows the variables of processes."""
_ROUNDS = 20  # while somebody is ended, he may start another
_LIMIT = b"Max realtime timeout"
_CELL_BITS = 30


def limit_of(run: str, cell: str) -> int:
    """Return the limit on realtime scheduling, in microseconds, that marks the processes of a cell.

    A child inherits its limits through every `fork` and `exec`, whatever becomes of its session and
    its environment. This one, of thousands of years, limits nobody.
    """
    return 1 << 62 | crc32(run.encode()) << _CELL_BITS | crc32(cell.encode()) >> 32 - _CELL_BITS


def end_marked(run: str, cell: str | None = None) -> int:
    """End the processes that carry the mark of a run, wherever they went; return how many.

    A process that made itself independent is in no group of ours, but it keeps its environment, or
    at least its limits. Only Linux shows them; elsewhere such a process stays.
    """
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = set(_marked(run, cell)) - ended
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended |= found
    return len(ended)


def _marked(run: str, cell: str | None) -> Iterator[int]:
    """Yield the processes that have the mark of a run, or of a cell of it."""
    marks = [f"{RUN}={run}".encode()]
    marks += [f"{CELL}={cell}".encode()] if cell is not None else []
    unseen = _CELL_BITS if cell is None else 0
    limit = limit_of(run, cell or "") >> unseen
    user = os.getuid()
    for name in filter(str.isdigit, os.listdir("/proc") if CAN_SEE else ()):  # noqa: PTH208 - above
        if _owner(f"/proc/{name}") != user:
            continue
        variables = _content(f"/proc/{name}/environ").split(b"\0")
        if all(mark in variables for mark in marks) or _limit(name) >> unseen == limit:
            status = _content(f"/proc/{name}/stat")
            if status.rpartition(b")")[2].split()[:1] not in ([b"Z"], []):
                yield int(name)


def _owner(path: str) -> int | None:
    """Return whose process it is; None where it is gone."""
    try:
        return os.stat(path).st_uid  # noqa: PTH116 - above
    except OSError:
        return None


def _limit(name: str) -> int:
    """Return the limit of a process that may be a mark; 0 where it has none."""
    _, _, rest = _content(f"/proc/{name}/limits").partition(_LIMIT)
    soft = rest.split(maxsplit=1)[:1]
    return int(soft[0]) if soft and soft[0].isdigit() else 0


def _content(path: str) -> bytes:
    """Return a file of the system; nothing where its process is gone, or somebody else's."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - likewise
            return stream.read()
    except OSError:
        return b""


def _clear_away() -> None:
    """End what the run left, and remove its folder."""
    run, folder = sys.argv[1:]
    end_marked(run)
    import shutil  # 8 ms, which the others that import this have no use for

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _clear_away()
