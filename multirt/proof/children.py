"""Run one command that may crash, hang or flood, and hear it out."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CAP: Final = 1 << 22  # bytes kept of each stream; the answer for one module has about 200
_TAIL: Final = 1 << 16
# What CPython, glibc and Rust say when they give up, above the traces that follow.
_FATAL: Final = ("Fatal Python error", "python: ", "free(): ", "malloc", "double free", "munmap")
_TICK: Final = 0.02  # seconds between looks at the process itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
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
            head = _signal_name(-self.status)
        else:
            head = f"exit code {self.status}"
        told = _telling(self.stderr)
        return f"{head}: {told}" if told else head


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    folder: Path,
    seconds: float,
    progress: Callable[[bytes], int],
) -> Ended:
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
    with _Child(command, env, folder) as child:
        return child.listen(seconds, progress)


class _Child:
    """One started command; to leave the context is to end its whole process group."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=env,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Begin to care for the child."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child and all that it started; reap it."""
        if sys.platform != "win32":
            # Before it is reaped, so that the group's number cannot belong to anybody else.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def listen(self, seconds: float, progress: Callable[[bytes], int]) -> Ended:
        """Collect output until the process ends or goes too long without progress."""
        if sys.platform == "win32":  # pipes cannot be selected there
            return self._communicate(seconds)
        out, err = bytearray(), bytearray()
        reached, deadline = 0, time.monotonic() + seconds
        ended = False
        with selectors.DefaultSelector() as selector:
            for stream, buffer in ((self._process.stdout, out), (self._process.stderr, err)):
                if stream is not None:
                    os.set_blocking(stream.fileno(), False)
                    selector.register(stream, selectors.EVENT_READ, buffer)
            while not ended and time.monotonic() < deadline:
                # Asked first: what it wrote before it ended is then still read below.
                ended = self._has_ended()
                while ready := selector.select(0 if ended else _TICK):
                    for key, _ in ready:
                        if not _drain(key.fd, key.data):
                            selector.unregister(key.fileobj)
                    if not ended:
                        break
                if (now_at := progress(bytes(out))) > reached:
                    reached, deadline = now_at, time.monotonic() + seconds
                del err[:-_TAIL]
        status = self._process.wait() if ended else None
        return Ended(status=status, stdout=bytes(out), stderr=bytes(err))

    def _has_ended(self) -> bool:
        """Tell whether the child itself ended; where it can be, without reaping it."""
        if sys.platform == "win32" or not hasattr(os, "waitid"):
            return self._process.poll() is not None
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def _communicate(self, seconds: float) -> Ended:
        """Listen to all at once."""
        try:
            out, err = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as expired:
            return Ended(status=None, stdout=expired.stdout or b"", stderr=expired.stderr or b"")
        return Ended(status=self._process.returncode, stdout=out, stderr=err[-_TAIL:])


def _drain(descriptor: int, buffer: bytearray) -> bool:
    """Read what is there and keep it up to a bound; tell whether more may come."""
    try:
        chunk = os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return True
    if len(buffer) < _CAP:
        buffer += chunk
    return bool(chunk)


def _signal_name(number: int) -> str:
    """Name a signal, `SIGSEGV`."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"


def _telling(stderr: bytes) -> str:
    """Return the line of some complaints that says most: a fatal error's, else the last."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    fatal = [line for line in lines if line.startswith(_FATAL)]
    chosen = (fatal or lines[-1:] or [""])[0]
    return "".join(char if char.isprintable() else "?" for char in chosen)[:300]
