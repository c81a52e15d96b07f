"""Run one contender once, with limits, and record what came of it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from multirt.comparison.recording import Recorded, Recording
from multirt.errors import MultirtError
from multirt.processes.aftermath import ending_group, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.comparison.rules import Substitution

_CHUNK = 1 << 16
_TICK = 0.05  # seconds between looks at a process whose streams somebody else keeps open
_GRACE = 0.5  # seconds for what a process that has ended left in its pipes


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """How to start.

    Attributes:
        command: the interpreter first.
        environment: all of it.
        folder: where.
        room: the working copy around it; the folder itself where there is none.
        input: a file for its standard input; None for an empty one.
        seconds: the time limit.
        substitutions: of the rules, for its output.
        silent: its output goes nowhere, and is not recorded.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    room: Path
    input: Path | None
    seconds: float
    substitutions: tuple[Substitution, ...]
    silent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one run.

    Attributes:
        exit_code: negative for a signal, as `subprocess` has it; None when it was ended by us.
        refused: why it could not even be started; None when it was.
        stdout: what it wrote there.
        stderr: what it wrote there.
        files: what it changed in its working copy, by relative path, None for what is gone.
        seconds: how long it took.
    """

    exit_code: int | None
    refused: str | None
    stdout: Recorded
    stderr: Recorded
    files: tuple[tuple[str, Recorded | None], ...] = ()
    seconds: float

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.refused is not None:
            return f"cannot be started: {self.refused}"
        if self.exit_code is None:
            return "did not end in time"
        if self.exit_code < 0:
            return f"ended by {signal_name(self.exit_code)}"
        return f"exit code {self.exit_code}"


def signal_name(exit_code: int) -> str:
    """Return the name of the signal in a negative exit code."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def run_once(start: Start) -> Outcome:
    """Run, with a session of its own that is ended as a whole.

    Raises:
        MultirtError: the input cannot be read.
    """
    streams = [Recording(start.substitutions), Recording(start.substitutions)]
    begun = time.monotonic()
    try:
        source = start.input.open("rb") if start.input is not None else None
    except OSError as error:
        raise MultirtError("input", f"cannot read {start.input}: {error.strerror}") from error
    refused: str | None = None
    exit_code: int | None = None
    output = subprocess.DEVNULL if start.silent else subprocess.PIPE
    with ExitStack() as stack:
        if source is not None:
            stack.enter_context(source)
        with uninterrupted():
            try:
                process = subprocess.Popen(
                    start.command,
                    cwd=start.folder,
                    env=start.environment,
                    stdin=source or subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                refused = error.strerror or str(error)
            else:
                stack.callback(_end, process)
        if refused is None:
            with ending_group(process.pid):
                exit_code = _follow(process, streams, begun + start.seconds)
    return Outcome(
        exit_code=exit_code,
        refused=refused,
        stdout=streams[0].finish(),
        stderr=streams[1].finish(),
        seconds=time.monotonic() - begun,
    )


def _follow(
    process: subprocess.Popen[bytes], streams: Sequence[Recording], deadline: float
) -> int | None:
    """Read both streams until the process has ended, or the time is over."""
    try:
        with selectors.DefaultSelector() as selector:
            for pipe, stream in zip(_pipes(process), streams, strict=False):  # none of a silent one
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, stream)
            in_time = _read(process, selector, deadline)
        if not in_time:
            return None
        return process.wait(timeout=max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return None


def _pipes(process: subprocess.Popen[bytes]) -> list[IO[bytes]]:
    return [each for each in (process.stdout, process.stderr) if each is not None]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what was started, and what that has: nothing may go on while the next contender runs."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in _pipes(process):
        pipe.close()


def _read(
    process: subprocess.Popen[bytes], selector: selectors.BaseSelector, deadline: float
) -> bool:
    """Feed what comes until both ends are closed; False when the time is over."""
    ended: float | None = None
    while selector.get_map():
        now = time.monotonic()
        if now >= deadline:
            return False
        if ended is None and process.poll() is not None:
            ended = now
        if ended is not None and now > ended + _GRACE:
            return True  # a child in the background keeps the pipe open
        for key, _ in selector.select(min(_TICK, deadline - now)):
            data = os.read(key.fd, _CHUNK)
            if data:
                key.data.feed(data)
            else:
                selector.unregister(key.fileobj)
    return True
