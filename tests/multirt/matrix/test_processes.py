"""How the commands of a cell are ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from multirt.matrix.processes import CellCommand, Processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from multirt.matrix.processes import CommandResult

CLEANS_UP = """\
import sys, time
try:
    print("ready", flush=True)
    time.sleep(600)
finally:
    time.sleep(0.3)
    print("cleaned up", flush=True)
"""
DEAF = """\
import signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(600)
"""
SUCCEEDS = """\
import time
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    pass
"""
FLOODS = "while True: print('x' * 1000)"


@pytest.fixture(autouse=True)
def _received() -> Iterator[None]:
    """Let children heed interrupts where these tests do not, as under nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Job:
    """One command that runs in a thread."""

    def __init__(self, folder: Path, *argv: str, grace: float = 60.0) -> None:
        """Start it, and wait until it says that it is ready."""
        self.processes = Processes()
        self.ended: list[CommandResult] = []
        self.said = b""
        self._ready = threading.Event()
        command = CellCommand(
            argv=argv,
            cwd=folder,
            env=os.environ,
            seconds=None,
            grace=grace,
        )
        self._thread = threading.Thread(target=self._run, args=(command,))
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self, command: CellCommand) -> None:
        self.ended.append(self.processes.run(command, self._receive))

    def _receive(self, data: bytes) -> None:
        self.said += data
        if b"ready" in self.said:
            self._ready.set()

    def end(self) -> CommandResult:
        """Return how the command ended."""
        self._thread.join(60)
        return self.ended[0]


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param((sys.executable, "-c", CLEANS_UP), id="command"),
        # dash ends at once, what it started does not.
        pytest.param(("/bin/sh", "-c", '"$@"; :', "sh", sys.executable, "-c", CLEANS_UP), id="sh"),
    ],
)
def test_an_interrupted_command_has_time_to_clean_up(tmp_path: Path, argv: tuple[str, ...]) -> None:
    job = Job(tmp_path, *argv)
    job.processes.stop()
    ended = job.end()
    assert ended.stopped
    assert not ended.timed_out
    assert b"cleaned up" in job.said


def test_a_command_that_does_not_heed_interrupts_is_killed_after_its_grace(tmp_path: Path) -> None:
    job = Job(tmp_path, sys.executable, "-c", DEAF, grace=0.2)
    job.processes.stop()
    ended = job.end()
    assert (ended.code, ended.stopped) == (-signal.SIGKILL, True)


def test_a_second_interrupt_kills_at_once(tmp_path: Path) -> None:
    job = Job(tmp_path, sys.executable, "-c", DEAF, grace=600)
    job.processes.stop()
    time.sleep(0.1)
    assert not job.ended
    job.processes.stop()
    ended = job.end()
    assert (ended.code, ended.stopped) == (-signal.SIGKILL, True)


def test_a_command_that_succeeds_when_it_is_interrupted_succeeded(tmp_path: Path) -> None:
    job = Job(tmp_path, sys.executable, "-c", SUCCEEDS)
    job.processes.stop()
    ended = job.end()
    assert (ended.code, ended.stopped) == (0, False)


def test_no_command_begins_after_an_interrupt(tmp_path: Path) -> None:
    processes = Processes()
    processes.stop()
    command = CellCommand(argv=("/bin/false",), cwd=tmp_path, env={}, seconds=None)
    assert processes.run(command, lambda _: None).stopped


def test_a_time_limit_ends_a_command_that_never_stops_printing(tmp_path: Path) -> None:
    command = CellCommand(
        argv=(sys.executable, "-c", FLOODS),
        cwd=tmp_path,
        env=os.environ,
        seconds=0.5,
    )
    assert Processes().run(command, lambda _: None).timed_out
