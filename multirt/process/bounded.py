"""Run one command that may crash, hang or flood, and hear it out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from multirt.process.signals import signal_name
from runtimes.subprocesses import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_KEPT: Final = 1 << 22  # bytes of the output; the answer for one module has about 200
# What CPython, glibc and Rust say when they give up, above the traces that follow.
_FATAL: Final = ("Fatal Python error", "python: ", "free(): ", "malloc", "double free", "munmap")


class ChildResult(Struct, frozen=True, kw_only=True):
    """How a child ended.

    Attributes:
        status: its exit code, negative for a signal; None when it took too long and was ended.
        stdout: what it wrote, cut off at 4 MiB.
        stderr: the end of what it complained, at most 64 KiB.
    """

    status: int | None
    stdout: bytes
    stderr: bytes

    def words(self) -> str:
        """Say how it ended, with the most telling line of its complaints."""
        if self.status is None:
            head = "ended for taking too long"
        elif self.status < 0:
            head = signal_name(-self.status)
        else:
            head = f"it ends its process with exit code {self.status}"
        told = _telling(self.stderr)
        return f"{head}: {told}" if told else head


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    seconds: float,
    progress: Callable[[bytearray], int],
) -> ChildResult:
    """Run a command in a session of its own, with no input; all that it started ends with it.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        folder: where it stands.
        seconds: how long it may go without progress.
        progress: given all its output, how far it has come; a change renews the time.

    Raises:
        OSError: it cannot be started.
    """
    reached, deadline = 0, time.monotonic() + seconds

    def left(output: bytearray) -> float:
        nonlocal reached, deadline
        if (come := progress(output)) > reached:
            reached, deadline = come, time.monotonic() + seconds
        return deadline - time.monotonic()

    with Child(command, env=env, folder=folder, kept=_KEPT) as child:
        given = child.communicate(left)
    return ChildResult(status=given.status, stdout=given.stdout, stderr=given.stderr)


def _telling(stderr: bytes) -> str:
    """Return the line of some complaints that says most: a fatal error's, else the last."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    fatal = [line for line in lines if line.startswith(_FATAL)]
    chosen = (fatal or lines[-1:] or [""])[0]
    return "".join(char if char.isprintable() else "?" for char in chosen)[:300]
