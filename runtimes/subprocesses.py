"""Hear out one process that may crash, hang or flood, and end all that it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, Self

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_TICK: Final = 0.05  # seconds between looks at a child whose output another process keeps open
_CHUNK: Final = 1 << 16
_TAIL: Final = 1 << 16
# Of each stream, once the child has ended: more than a pipe holds. What else it started may go on
# writing for ever.
_LAST_READS: Final = 32


def signal_name(number: int) -> str:
    """Return the name of a signal, `SIGSEGV`, or its number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"


class ChildOutput(Struct, frozen=True, kw_only=True):
    """What a child wrote, and how it ended.

    Attributes:
        stdout: its beginning, as much as is kept.
        stderr: its end, at most 64 KiB.
        status: its exit code, negative for a signal; None when its end was not awaited.
    """

    stdout: bytes
    stderr: bytes
    status: int | None


class Child:
    """A process in a session of its own, with no input but a file's.

    To leave the context is to end it with its whole process group.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        kept: int,
        given: IO[bytes] | None = None,
    ) -> None:
        """Start it.

        Args:
            command: the program and its arguments.
            env: its whole environment.
            folder: where it stands.
            kept: bytes of its output that are kept; what follows is read and dropped.
            given: what it reads as its input, from where that stands; None for nothing.

        Raises:
            OSError: it cannot be started.
            ValueError: there is a NUL in a word.
        """
        self._kept = kept
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=env,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def __enter__(self) -> Self:
        """Begin to care for the child."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child and all that it started; reap it."""
        # Before it is reaped, so that the group's number cannot belong to anybody else.
        if sys.platform != "win32":
            # None of the group may be left, which macOS says in another way of a zombie.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def communicate(self, left: Callable[[bytearray], float]) -> ChildOutput:
        """Collect what it writes until it ends or is not needed any more.

        Args:
            left: given its output so far, how many seconds more to wait; none ends the listening.
        """
        if sys.platform == "win32":  # pipes cannot be selected there
            return self._communicate(left(bytearray()))
        out, err = bytearray(), bytearray()
        ended = False
        with selectors.DefaultSelector() as selector:
            for stream, buffer in ((self._process.stdout, out), (self._process.stderr, err)):
                if stream is not None:
                    os.set_blocking(stream.fileno(), False)
                    selector.register(stream, selectors.EVENT_READ, buffer)
            while not ended and (seconds := left(out)) > 0:
                # Asked first: what it wrote before it ended is then still read below.
                ended = self._has_ended()
                tick = _TICK if selector.get_map() else _TICK / 20
                for _ in range(_LAST_READS if ended else 1):
                    for key, _ in selector.select(0 if ended else min(seconds, tick)):
                        if not _drain(key.fd, key.data):
                            selector.unregister(key.fileobj)
                    del out[self._kept :], err[:-_TAIL]
        status = self._process.wait() if ended else None
        return ChildOutput(stdout=bytes(out), stderr=bytes(err), status=status)

    def _has_ended(self) -> bool:
        """Tell whether the child itself ended; where it can be, without reaping it."""
        if sys.platform == "win32" or not hasattr(os, "waitid"):
            return self._process.poll() is not None
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def _communicate(self, seconds: float) -> ChildOutput:
        """Listen to all at once."""
        status: int | None = None
        try:
            out, err = self._process.communicate(timeout=max(0.0, seconds))
            status = self._process.returncode
        except subprocess.TimeoutExpired as expired:
            out, err = expired.stdout or b"", expired.stderr or b""
        return ChildOutput(stdout=out[: self._kept], stderr=err[-_TAIL:], status=status)


def _drain(descriptor: int, buffer: bytearray) -> bool:
    """Read what is there; tell whether more may come."""
    try:
        chunk = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return True
    buffer += chunk
    return bool(chunk)
