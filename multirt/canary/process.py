"""Run a program in the foreground as if this process were it, and see how it ends."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, NoReturn

from multirt.canary.model import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from multirt.comparison import Recording

# The terminal sends these to the program too: it decides, and this process goes on waiting.
_SHARED = (signal.SIGINT, signal.SIGQUIT)
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
_CHUNK = 1 << 16


def follow(
    command: Sequence[str],
    environment: Mapping[str, str],
    recordings: tuple[Recording, Recording] | None = None,
) -> Ending:
    """Run a program with this process's own streams, and return how it ended.

    Args:
        command: the interpreter first.
        environment: all of it.
        recordings: of stdout and stderr, which then pass through this process; None to leave
            them to the program.
    """
    begun = time.monotonic()
    pipe = subprocess.PIPE if recordings is not None else None
    with _patient() as children:
        try:
            process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe)
        except OSError as error:
            return Ending(exit_code=None, refused=error.strerror or str(error))
        children.append(process)
        if recordings is not None:
            _pass_on(process, recordings)
        code = process.wait()
    return Ending(exit_code=code, seconds=time.monotonic() - begun)


@contextmanager
def _patient() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let signals be the program's: ignore what it gets itself, hand on what only we get."""
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, _: object) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    with ExitStack() as stack:
        for number in (*_SHARED, *_FORWARDED):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as under nohup: the program inherits that
            before = signal.signal(number, hand_on if number in _FORWARDED else _nothing)
            stack.callback(signal.signal, number, before)
        yield children


def _nothing(number: int, _: object) -> None:
    """Do nothing; unlike an ignored signal, the program does not inherit this."""


def _pass_on(process: subprocess.Popen[bytes], recordings: tuple[Recording, Recording]) -> None:
    """Hand on what the program writes, and record it."""
    pipes: list[IO[bytes]] = [each for each in (process.stdout, process.stderr) if each is not None]
    with selectors.DefaultSelector() as selector:
        for pipe, recording, target in zip(pipes, recordings, (1, 2), strict=True):
            selector.register(pipe, selectors.EVENT_READ, (recording, target))
        while selector.get_map():
            for key, _ in selector.select():
                recording, target = key.data
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                recording.feed(data)
                try:
                    _write(target, data)
                except OSError:  # nobody reads any more: the program has to notice
                    selector.unregister(key.fileobj)
                    pipes[target - 1].close()


def _write(target: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(target, data) :]


def end_like(code: int | None) -> NoReturn:
    """End this process as the program ended: with its exit code, or by its signal."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or full
            stream.flush()
    if code is not None and code < 0:
        with suppress(OSError, ValueError):  # not every signal can have its usual effect back
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        code = 128 - code  # the signal was one that does not end a process
    os._exit(code if code is not None else 1)
