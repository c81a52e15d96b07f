"""Run the commands of cells; an interrupt gives them time to clean up."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from multirt.process.reaper import FINISH
from multirt.process.run import CommandOutput, Supervised, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PATIENCE = 2.0  # seconds between two signals, the second of which is less polite
GRACE = 10.0
"""Seconds that an interrupted command has to clean up, where nothing else is configured."""
CELL = "MULTIRT_MATRIX_CELL"
"""The variable that names the cell of a command."""


class CellCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command to start.

    Attributes:
        argv: the program, absolute, and its arguments.
        cwd: where it starts.
        env: all of its variables.
        seconds: its time limit; None for none.
        grace: seconds that it has to clean up when it is interrupted.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    seconds: float | None
    grace: float = GRACE


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended.

    Attributes:
        code: its exit code, negative for a signal.
        timed_out: it was ended because of its limit.
        stopped: it was interrupted, and did not succeed all the same.
        left: how many processes it left behind, which were ended.
    """

    code: int
    timed_out: bool = False
    stopped: bool = False
    left: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class _Running:
    """A command that runs.

    Attributes:
        process: it and all that it starts.
        grace: as in `CellCommand`.
        interrupted: it was asked to end.
    """

    process: Supervised
    grace: float
    interrupted: bool = False
    _timers: list[threading.Timer] = field(default_factory=list)

    def interrupt(self) -> None:
        """Ask the command to end, then insist; what it leaves behind may clean up too."""
        self.interrupted = True
        self.process.linger = self.grace
        self.process.signal(signal.SIGINT)
        steps = ((self.grace, signal.SIGTERM), (self.grace + _PATIENCE, FINISH))
        for seconds, number in steps:
            timer = threading.Timer(seconds, self.process.signal, [number])
            timer.daemon = True
            timer.start()
            self._timers.append(timer)

    def forget(self) -> None:
        """Send no more signals."""
        for timer in self._timers:
            timer.cancel()


@dataclass(slots=True)
class Processes:
    """All commands of a run: together they can be stopped."""

    stopping: bool = False
    _running: set[_Running] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def stop(self, *, at_once: bool = False) -> None:
        """Let no command begin, and interrupt those that run; the second call kills them.

        Args:
            at_once: kill them now, without time to clean up.
        """
        with self._guard:
            kills = at_once or self.stopping
            self.stopping = True
            for each in self._running:
                if kills:
                    each.interrupted = True
                    each.process.signal(FINISH)
                else:
                    each.interrupt()

    def run(self, command: CellCommand, receive: Callable[[bytes], None]) -> CommandResult:
        """Run a command to its end, and end what it leaves behind.

        Args:
            command: what to start.
            receive: given what it prints, as it comes.

        Raises:
            OSError: it cannot be started.
        """
        with self._guard:
            if self.stopping:
                return CommandResult(code=-signal.SIGKILL, stopped=True)
            process = Supervised(
                command.argv, env=command.env, folder=command.cwd, output=CommandOutput.MERGED
            )
            running = _Running(process=process, grace=command.grace)
            self._running.add(running)
        try:
            with process:
                ended = process.attend([receive], within(command.seconds), warning=_PATIENCE)
        finally:
            with self._guard:
                self._running.discard(running)
                running.forget()
        return CommandResult(
            code=ended.status,
            timed_out=ended.timed_out,
            stopped=running.interrupted and ended.status != 0,
            left=ended.left,
        )
