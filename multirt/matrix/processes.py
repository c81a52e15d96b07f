"""Start the commands of a cell, each in a process group of its own, and leave none behind."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING

from msgspec import Struct, field

from multirt.matrix.sentinel import CELL, RUN, end_marked, limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_CHUNK = 1 << 16
_GRACE = 2.0  # seconds between two signals, the second of which is less polite
_TICK = 0.05  # seconds between looks at what the first process of a command left behind
GRACE = 10.0
"""Seconds that an interrupted command has to clean up, where nothing else is configured."""
_DRAIN = 1.0  # seconds for what is still in a pipe whose writers were ended


class Command(Struct, frozen=True, kw_only=True):
    """One command to start.

    Attributes:
        argv: the program, absolute, and its arguments.
        cwd: where it starts.
        env: all of its variables, the marks `RUN` and `CELL` among them.
        seconds: its time limit; None for none.
        grace: seconds that it has to clean up when it is interrupted.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    seconds: float | None
    grace: float = GRACE


class Ended(Struct, frozen=True, kw_only=True):
    """How a command ended.

    Attributes:
        code: its exit code, negative for a signal.
        seconds: that it took.
        timed_out: it was ended because of its limit.
        stopped: it was interrupted, and did not succeed all the same.
        left: how many processes it left behind, which were ended.
    """

    code: int
    seconds: float
    timed_out: bool = False
    stopped: bool = False
    left: int = 0


class Processes(Struct):
    """All commands of a run: together they can be stopped."""

    stopping: bool = False
    _groups: set[int] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    # The writing end is closed when all are to stop, so that each thread that waits sees it.
    _stop: tuple[int, int] = field(default_factory=os.pipe)

    def stop(self, *, at_once: bool = False) -> None:
        """Let no command begin, and interrupt those that run; the second call kills them.

        Args:
            at_once: kill them now, without time to clean up.
        """
        with self._guard:
            kills = at_once or self.stopping
            if not self.stopping:
                self.stopping = True
                os.close(self._stop[1])
            groups = tuple(self._groups) if kills else ()
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
        running = _Running(process=process, command=command, receive=receive, stop=self._stop[0])
        try:
            running.attend()
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
            timed_out=running.timed_out,
            stopped=running.interrupted and process.returncode != 0,
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


class _Running(Struct):
    """A command that runs.

    Attributes:
        process: the first process of its group.
        command: as it was asked for.
        receive: given what it prints.
        stop: a descriptor that can be read once all are to stop.
        timed_out: its time ran out, and it was ended.
        interrupted: it was asked to end because all were to stop.
    """

    process: subprocess.Popen[bytes]
    command: Command
    receive: Callable[[bytes], None]
    stop: int
    timed_out: bool = False
    interrupted: bool = False
    _deadline: float = math.inf
    _signals: Iterator[tuple[int, float]] = field(default_factory=lambda: iter(()))

    def attend(self) -> None:
        """Hand on what the command prints until it ends; of an interrupted one, the whole group."""
        if self.command.seconds is not None:
            self._deadline = time.monotonic() + self.command.seconds
        ended, has_ended = self._when_ended(), False
        with selectors.DefaultSelector() as selector:
            for each in (ended, self.stop, self.process.stdout):
                if each is not None:
                    selector.register(each, selectors.EVENT_READ)
            while not has_ended or (self.interrupted and _exists(self.process.pid)):
                rest = max(0.0, self._deadline - time.monotonic())
                rest = min(rest, _TICK) if has_ended else rest
                for key, _ in selector.select(None if rest == math.inf else rest):
                    if key.fileobj == ended:
                        has_ended = True
                    elif key.fileobj == self.stop:
                        self._interrupt()
                    elif self._read(key.fd):
                        continue
                    selector.unregister(key.fileobj)
                if time.monotonic() >= self._deadline:
                    self._escalate()
        os.close(ended)

    def _when_ended(self) -> int:
        """Return a descriptor that can be read once the first process ended."""
        ended, writing = os.pipe()

        def wait() -> None:
            self.process.wait()
            os.close(writing)

        threading.Thread(target=wait, daemon=True).start()
        return ended

    def _read(self, descriptor: int) -> bool:
        """Hand on some output; return whether there may be more."""
        data = os.read(descriptor, _CHUNK)
        self.receive(data)
        return bool(data)

    def _interrupt(self) -> None:
        """Begin to end the command, with time to clean up."""
        self.interrupted, self._deadline = True, time.monotonic()
        grace = self.command.grace
        self._signals = iter(((signal.SIGINT, grace), (signal.SIGTERM, _GRACE)))

    def _escalate(self) -> None:
        """Send the next signal; each is less polite than the one before."""
        if not (self.interrupted or self.timed_out):
            self.timed_out = True
            # pytest's fault handler answers this one by saying where every thread is.
            self._signals = iter(((signal.SIGABRT, _GRACE),))
        number, seconds = next(self._signals, (signal.SIGKILL, math.inf))
        _signal(self.process.pid, number)
        self._deadline = time.monotonic() + seconds


def _exists(group: int) -> bool:
    """Whether a process group still has members."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # some are another user's
        return True
    return True


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
