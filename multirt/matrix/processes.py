"""Start the commands of a cell, each in a process group of its own, and leave none behind."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from multirt.matrix.sentinel import CELL, RUN, end_marked, limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_CHUNK = 1 << 16
_GRACE = 2.0  # seconds from a request to end until it is no longer a request
_DRAIN = 1.0  # seconds for what is still in a pipe whose writers were ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command to start.

    Attributes:
        argv: the program, absolute, and its arguments.
        cwd: where it starts.
        env: all of its variables, the marks `RUN` and `CELL` among them.
        seconds: its time limit; None for none.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code, negative for a signal.
        seconds: that it took.
        timed_out: it was ended because of its limit.
        stopped: it was ended because the run was.
        left: how many processes it left behind, which were ended.
    """

    code: int
    seconds: float
    timed_out: bool = False
    stopped: bool = False
    left: int = 0


@dataclass(slots=True)
class Processes:
    """All commands of a run: together they can be stopped."""

    _groups: set[int] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    stopping: bool = False

    def stop(self) -> None:
        """End every command, and let none begin."""
        with self._guard:
            self.stopping = True
            groups = tuple(self._groups)
        for group in groups:
            _signal(group, signal.SIGKILL)

    def run(self, command: Command, receive: Callable[[bytes], None]) -> Ended:
        """Run a command to its end.

        Args:
            command: what to start.
            receive: given what it prints, as it comes.

        Raises:
            OSError: it cannot be started.
        """
        start = time.monotonic()
        process = self._start(command)
        if process is None:
            return Ended(code=-signal.SIGKILL, seconds=0.0, stopped=True)
        try:
            timed_out = _attend(process, command.seconds, receive)
        finally:
            with self._guard:
                self._groups.discard(process.pid)
            left = end_marked(command.env[RUN], command.env[CELL])
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            _drain(process.stdout, receive)
        return Ended(
            code=process.returncode,
            seconds=time.monotonic() - start,
            timed_out=timed_out,
            stopped=self.stopping,
            left=left,
        )

    def _start(self, command: Command) -> subprocess.Popen[bytes] | None:
        with self._guard:
            if self.stopping:
                return None
            process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._groups.add(process.pid)
        _mark(process.pid, limit_of(command.env[RUN], command.env[CELL]))
        return process


def _mark(pid: int, limit: int) -> None:
    """Mark a process and what it will start, where this system can and allows it."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        number = resource.RLIMIT_RTTIME
        _, hardest = resource.prlimit(pid, number)
        resource.prlimit(pid, number, (limit, hardest))


def _attend(
    process: subprocess.Popen[bytes], seconds: float | None, receive: Callable[[bytes], None]
) -> bool:
    """Hand on what a process prints until it ends; return whether its time ran out."""
    ended_read, ended_write = os.pipe()

    def wait() -> None:
        process.wait()
        os.close(ended_write)

    threading.Thread(target=wait, daemon=True).start()
    deadline = None if seconds is None else time.monotonic() + seconds
    timed_out = False
    with selectors.DefaultSelector() as selector:
        selector.register(ended_read, selectors.EVENT_READ)
        if process.stdout is not None:
            selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            rest = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = [key.fileobj for key, _ in selector.select(rest)]
            if ended_read in ready:
                break
            if process.stdout in ready and process.stdout is not None:
                data = os.read(process.stdout.fileno(), _CHUNK)
                receive(data)
                if not data:
                    selector.unregister(process.stdout)
            if not ready and deadline is not None:
                # pytest's fault handler answers the first one by saying where every thread is.
                _signal(process.pid, signal.SIGKILL if timed_out else signal.SIGABRT)
                timed_out, deadline = True, time.monotonic() + _GRACE
    os.close(ended_read)
    return timed_out


def _drain(stream: IO[bytes], receive: Callable[[bytes], None]) -> None:
    """Hand on what is still in a pipe, without waiting for writers that got away."""
    os.set_blocking(stream.fileno(), False)
    end = time.monotonic() + _DRAIN
    with stream, contextlib.suppress(BlockingIOError):
        while time.monotonic() < end and (data := os.read(stream.fileno(), _CHUNK)):
            receive(data)


def _signal(group: int, number: int) -> None:
    """Send a signal to a process group, which may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
