"""Leave nothing behind when a command ends, or this process is killed: a watchdog clears away."""

from __future__ import annotations

import atexit
import functools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.process import reaper as sentinel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# By process: a thread that forks meanwhile would leave a lock of its parent locked for ever.
_STARTING: dict[int, threading.Lock] = {}


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let an interrupt wait while the context lasts: until what is started there can be ended."""
    came: list[int] = []
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():  # none else is interrupted
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if callable(signal.getsignal(number)):
                    before = signal.signal(number, lambda each, _: came.append(each))
                    stack.callback(signal.signal, number, before)
        yield
    if came:
        signal.raise_signal(came[0])


@contextmanager
def ending_process(number: int) -> Iterator[None]:
    """End one process with this process, however that ends, while the context lasts."""
    with _held(f"{sentinel.PROCESS} {number}"):
        yield


def registration() -> Callable[[], None]:
    """Return what a child calls before it becomes its program, to be ended with this process.

    It names itself to the watchdog, so it is known before it can do anything. `ending_process`
    then keeps it, and forgets it when it has ended.
    """
    try:
        channel = watchdog()
    except OSError:
        return lambda: None

    def register() -> None:
        with suppress(OSError):
            channel.sendall(f"+{sentinel.PROCESS} {os.getpid()}\0".encode())

    return register


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give an empty folder, which is removed at the end of the context, or of this process.

    Raises:
        OSError: it cannot be made.
    """
    with (
        tempfile.TemporaryDirectory(prefix="multirt-", ignore_cleanup_errors=True) as folder,
        _held(f"{sentinel.FOLDER} {folder}"),
    ):
        yield Path(folder)


@contextmanager
def _held(record: str) -> Iterator[None]:
    _tell(f"+{record}")
    try:
        yield
    finally:
        _tell(f"-{record}")


def _tell(record: str) -> None:
    """Send a record; where no watchdog can be started, nothing is cleared away after a kill."""
    with suppress(OSError):
        watchdog().sendall(os.fsencode(record) + b"\0")


def watchdog() -> socket.socket:
    """Return the socket to this process's watchdog, which is started once; a fork has another.

    Raises:
        OSError: it cannot be started.
    """
    owner = os.getpid()
    with _STARTING.setdefault(owner, threading.Lock()):
        return _start_watchdog(owner)


@functools.cache
def _start_watchdog(_owner: int) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", sentinel.__file__],
            stdin=theirs.fileno(),  # the other end closes when this process ends
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,  # an interrupt of the terminal is not for it
        )

    def end() -> None:
        ours.close()
        started.wait()

    atexit.register(end)
    return ours
