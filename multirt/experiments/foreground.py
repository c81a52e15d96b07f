"""Run a program in the foreground as if this process were it, and see how it ends."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, NoReturn

from multirt.errors import LaunchError
from multirt.experiments.canary_report import RunResult
from multirt.process.cleanup import ending_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from multirt.experiments.trial import StreamRecorder

# The terminal sends these to the program too: it decides, and this process goes on waiting.
_SHARED = (signal.SIGINT, signal.SIGQUIT)
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
_CHUNK = 1 << 16
_TICK = 0.05  # seconds between looks at a program whose streams are silent
# What no interpreter could be started with: the command line, or the machine, is full.
_SYSTEM_LIMITS = (errno.E2BIG, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


def run_in_foreground(
    command: Sequence[str],
    environment: Mapping[str, str],
    recordings: tuple[StreamRecorder, StreamRecorder] | None = None,
) -> RunResult:
    """Run a program with this process's own streams, and return how it ended.

    Args:
        command: the interpreter first.
        environment: all of it.
        recordings: of stdout and stderr, which then pass through this process; None to leave
            them to the program.

    Raises:
        MultirtError: no program could be started now, whichever runtime it is for.
    """
    begun = time.monotonic()
    pipe = subprocess.PIPE if recordings is not None else None
    with _forward_signals() as adopt:
        try:
            # Files that the shell opened for the program are handed on, as by exec.
            process = subprocess.Popen(
                command, env=environment, stdout=pipe, stderr=pipe, close_fds=False
            )
        except OSError as error:
            why = error.strerror or str(error)
            if error.errno in _SYSTEM_LIMITS:
                message = f"cannot start {command[0]}: {why}"
                raise LaunchError(message) from error
            return RunResult(exit_code=None, refused=why)
        adopt(process)
        with ending_process(process.pid):
            if recordings is not None:
                _forward_and_record(process, recordings)
            code = process.wait()
    return RunResult(exit_code=code, seconds=time.monotonic() - begun)


@contextmanager
def _forward_signals() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Let signals be the program's: ignore what it gets itself, hand on what only we get."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if not children:
            early.append(number)
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    def adopt(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            hand_on(number, None)

    with ExitStack() as stack:
        for number in (*_SHARED, *_FORWARDED):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as under nohup: the program inherits that
            before = signal.signal(number, hand_on if number in _FORWARDED else _nothing)
            stack.callback(signal.signal, number, before)
        yield adopt


def _nothing(number: int, _: object) -> None:
    """Do nothing; unlike an ignored signal, the program does not inherit this."""


def _forward_and_record(
    process: subprocess.Popen[bytes], recordings: tuple[StreamRecorder, StreamRecorder]
) -> None:
    """Hand on what the program writes, and record it, until it has ended."""
    pipes: list[IO[bytes]] = [each for each in (process.stdout, process.stderr) if each is not None]
    with selectors.DefaultSelector() as selector:
        for pipe, recording, target in zip(pipes, recordings, (1, 2), strict=True):
            selector.register(pipe, selectors.EVENT_READ, (pipe, recording, target))
        ended = False
        while selector.get_map():
            ready = selector.select(0 if ended else _TICK)
            if ended and not ready:
                _drain_in_child(selector)
                return
            ended = process.poll() is not None
            _forward_output(selector, ready)


def _drain_in_child(selector: selectors.BaseSelector) -> None:
    """Hand on in a process of its own what a child in the background still writes."""
    if os.fork():
        return
    os.setsid()
    while selector.get_map():
        _forward_output(selector, selector.select())
    os._exit(0)


def _forward_output(
    selector: selectors.BaseSelector, ready: Sequence[tuple[selectors.SelectorKey, int]]
) -> None:
    """Write where the user reads what stands in pipes, and record it."""
    for key, _ in ready:
        pipe, recording, target = key.data
        data = os.read(key.fd, _CHUNK)
        recording.feed(data)
        try:
            _write(target, data)
        except OSError:  # the pipe is closed: the program has to notice
            data = b""
        if not data:
            selector.unregister(pipe)
            pipe.close()


def _write(target: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(target, data) :]


def exit_like_child(code: int | None) -> NoReturn:
    """End this process as the program ended: with its exit code, or by its signal."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or full
            stream.flush()
    if code is not None and code < 0:
        _dump_no_core()
        with suppress(OSError, ValueError):  # not every signal can have its usual effect back
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        code = 128 - code  # the signal was one that does not end a process
    os._exit(code if code is not None else 1)


def _dump_no_core() -> None:
    """Leave the program's own core file as it is: one of this process would take its place."""
    try:
        import resource  # not on every system
    except ImportError:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
