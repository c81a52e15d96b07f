"""Run a command within limits, and end it together with all that it started.

    with Supervised(argv, env=env, folder=folder, output=Output.MERGED) as command:
        ended = command.attend([receive], within(60))

Each command has a supervisor, a child of this process's watchdog (`sentinel.py`), which adopts and
ends what makes itself independent, also when this process is killed. `signal` may be called from
another thread.
"""

from __future__ import annotations

import errno
import marshal
import math
import os
import selectors
import signal
import socket
import time
from contextlib import ExitStack, suppress
from enum import Enum
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from multirt.process import reaper as sentinel
from multirt.process.cleanup import uninterrupted, watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CHUNK = 1 << 16
_DRAIN = 1.0  # seconds for what is still in a pipe whose writers were ended


class CommandOutput(Enum):
    """Where a command's standard output and its error output go."""

    SEPARATE = 2  # a pipe each
    MERGED = 1
    DROPPED = 0


class ProcessResult(Struct, frozen=True, kw_only=True):
    """How a command ended.

    Attributes:
        status: its exit code, negative for a signal.
        seconds: that it took.
        processor_seconds: that it and the children it waited for spent on processors.
        timed_out: it was ended because of its time limit.
        left: how many processes it left behind, which were ended.
    """

    status: int
    seconds: float
    processor_seconds: float = 0.0
    timed_out: bool = False
    left: int = 0


def within(seconds: float | None) -> Callable[[], float]:
    """Return a function that tells how many of these seconds are left; None for no limit."""
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    return lambda: deadline - time.monotonic()


class Supervised:
    """A command in a session of its own; to leave the context is to end what is left of it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        output: CommandOutput = CommandOutput.SEPARATE,
        given: int | None = None,
    ) -> None:
        """Start it.

        Args:
            command: the program and its arguments.
            env: all of its variables.
            folder: where it starts.
            output: where its output goes.
            given: a descriptor for its standard input; None for an empty one.

        Raises:
            OSError: it cannot be started.
        """
        self._begun = time.monotonic()
        self._control, other = socket.socketpair()
        self._status: int | None = None
        self._processor_seconds = 0.0
        self._pipes: list[int] = []
        self.linger = 0.0
        """As for `attend`, where another thread raises it meanwhile."""
        try:
            with ExitStack() as stack:
                stack.enter_context(other)
                null = os.open(os.devnull, os.O_RDWR)
                stack.callback(os.close, null)
                writers: list[int] = []
                for _ in range(output.value):
                    reader, writer = os.pipe()
                    self._pipes.append(reader)
                    stack.callback(os.close, writer)
                    os.set_blocking(reader, False)
                    writers.append(writer)
                first, last = (writers[0], writers[-1]) if writers else (null, null)
                streams = [null if given is None else given, first, last, other.fileno()]
                with uninterrupted():  # a part of a record would harm those that follow
                    socket.send_fds(watchdog(), [b"run\0"], streams)
            self.pid = self._request(marshal.dumps((list(command), dict(env), str(folder))))
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        """Return the command."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what is left of it."""
        self._end()
        self._close()

    def signal(self, number: int) -> None:
        """Send a signal to its process group, unless it has ended."""
        with suppress(OSError):  # the supervisor has ended too
            self._control.send(bytes([number]))

    def attend(
        self,
        receivers: Sequence[Callable[[bytes], object]],
        left: Callable[[], float],
        *,
        linger: float = 0.0,
        warning: float = 0.0,
    ) -> ProcessResult:
        """Hand on what it prints until it has ended or its time is over; then end what is left.

        Args:
            receivers: one for each pipe; given what comes, and nothing else.
            left: tells how many seconds it may still take.
            linger: seconds that a process which it leaves in the background may go on writing.
            warning: seconds from SIGABRT, which Python's fault handler answers by saying where the
                program is, to the end of a command whose time is over; 0 for no such signal.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            for pipe, receive in zip(self._pipes, receivers, strict=True):
                selector.register(pipe, selectors.EVENT_READ, receive)
            timed_out = self._hand_on(selector, left, linger, warning)
        seconds = time.monotonic() - self._begun
        processes = self._end()
        end = time.monotonic() + _DRAIN
        for pipe, receive in zip(self._pipes, receivers, strict=True):
            while _read(pipe, receive, last=True) and time.monotonic() < end:
                pass
        return ProcessResult(
            status=-signal.SIGKILL if self._status is None else self._status,
            seconds=seconds,
            processor_seconds=self._processor_seconds,
            timed_out=timed_out,
            left=processes,
        )

    def _hand_on(
        self,
        selector: selectors.BaseSelector,
        left: Callable[[], float],
        linger: float,
        warning: float,
    ) -> bool:
        """Hand on output until the end; return whether the time was over before."""
        timed_out = False
        while selector.get_map():
            if (seconds := left()) <= 0:
                if self._status is not None or timed_out or not warning:
                    return timed_out or self._status is None
                self.signal(signal.SIGABRT)
                timed_out, left = True, within(warning)
            for key, _ in selector.select(None if seconds == math.inf else max(seconds, 0)):
                if key.fileobj is self._control:
                    self._take_status()
                    selector.unregister(key.fileobj)
                    left = within(min(max(linger, self.linger), left()))
                elif not _read(key.fd, key.data):
                    selector.unregister(key.fd)
        return timed_out

    def _request(self, request: bytes) -> int:
        """Have the supervisor start the command; return its process id.

        Raises:
            OSError: it cannot be started.
        """
        self._control.sendall(sentinel.FRAME.pack(len(request), 0) + request)
        problem, process = self._receive()
        if problem:
            raise OSError(problem, os.strerror(problem))
        return process

    def _end(self) -> int:
        """Kill what is left of it; return how many processes that were, without itself."""
        processes = 0
        with suppress(OSError):
            self._control.send(bytes([sentinel.FINISH]))
            if self._status is None:
                self._take_status()
            processes, _ = self._receive()
        self._control.close()
        return processes

    def _take_status(self) -> None:
        try:
            self._status, nanoseconds = self._receive()
        except OSError:  # its supervisor was killed
            self._status, nanoseconds = -signal.SIGKILL, 0
        self._processor_seconds = nanoseconds / 1e9

    def _receive(self) -> tuple[int, int]:
        """Return one answer of the supervisor.

        Raises:
            OSError: the supervisor is gone.
        """
        data = self._control.recv(sentinel.FRAME.size, socket.MSG_WAITALL)
        if len(data) < sentinel.FRAME.size:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        first, second = sentinel.FRAME.unpack(data)
        return first, second

    def _close(self) -> None:
        self._control.close()
        for pipe in self._pipes:
            os.close(pipe)
        self._pipes.clear()


def _read(pipe: int, receive: Callable[[bytes], object], *, last: bool = False) -> bool:
    """Hand on what is in a pipe; return whether more may come."""
    try:
        data = os.read(pipe, _CHUNK)
    except BlockingIOError:
        return not last
    if data:
        receive(data)
    return bool(data)
