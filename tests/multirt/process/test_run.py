"""A command ends within its limits, together with all that it started."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from multirt.process.run import CommandOutput, ProcessResult, Supervised, within

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = "import time; time.sleep(600)"


def run(
    folder: Path, program: str, seconds: float = 60, **options: float
) -> tuple[ProcessResult, bytes]:
    """Run a program of Python and return how it ended, and what it wrote."""
    output = bytearray()
    command = [sys.executable, "-I", "-S", "-c", program]
    with Supervised(command, env={"A": "b"}, folder=folder, output=CommandOutput.MERGED) as started:
        ended = started.attend([output.extend], within(seconds), **options)
    return ended, bytes(output)


def test_output_status_folder_and_variables_are_the_commands_own(tmp_path: Path) -> None:
    program = "import os, sys; print(os.getcwd(), os.environ['A'], flush=True); sys.exit('end')"
    ended, output = run(tmp_path, program)
    assert (ended.status, ended.timed_out, ended.left) == (1, False, 0)
    assert output.decode() == f"{tmp_path} b\nend\n"
    assert ended.processor_seconds > 0


def test_a_stream_is_read_to_its_end_however_long_it_is(tmp_path: Path) -> None:
    ended, output = run(tmp_path, "import sys; sys.stdout.write('x' * 5_000_000); sys.exit(0)")
    assert (ended.status, len(output)) == (0, 5_000_000)


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, "import os; os.kill(os.getpid(), 11)")
    assert ended.status == -signal.SIGSEGV


def test_a_command_whose_time_is_over_is_ended(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, SLEEP, seconds=0.3)
    assert (ended.status, ended.timed_out) == (-signal.SIGKILL, True)


def test_a_command_whose_time_is_over_may_say_where_it_is(tmp_path: Path) -> None:
    program = f"import faulthandler; faulthandler.enable(); {SLEEP}"
    ended, output = run(tmp_path, program, seconds=0.5, warning=30)
    assert (ended.status, ended.timed_out) == (-signal.SIGABRT, True)
    assert b"most recent call first" in output


def test_what_makes_itself_independent_is_counted_and_ended(tmp_path: Path) -> None:
    program = f"""
import os
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            os.execve({sys.executable!r}, ["python", "-c", {SLEEP!r}], {{}})
        os._exit(0)
    os.wait()
"""
    ended, output = run(tmp_path, program)
    assert (ended.status, ended.left) == (0, 3)
    for each in output.split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(each), 0)


def test_a_process_in_the_background_may_go_on_writing_for_a_moment(tmp_path: Path) -> None:
    program = "import os, time\nif os.fork() == 0: time.sleep(0.3); print('late')"
    assert run(tmp_path, program, linger=60)[1] == b"late\n"
    begun = time.monotonic()
    assert run(tmp_path, f"import os\nif os.fork() == 0: {SLEEP}", linger=0.2)[0].left == 1
    assert time.monotonic() - begun < 30


def test_a_signal_can_be_sent_while_it_is_attended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"print('here', flush=True); {SLEEP}"]
    with Supervised(command, env=os.environ, folder=tmp_path) as started:
        ended = started.attend([lambda _: started.signal(signal.SIGTERM), print], within(None))
    assert (ended.status, ended.timed_out) == (-signal.SIGTERM, False)


def test_signals_have_their_usual_effect_in_it(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "grep SigIgn /proc/self/status"]
    output = bytearray()
    with Supervised(command, env=os.environ, folder=tmp_path) as started:
        started.attend([output.extend, print], within(60))
    ignored = int(output.split()[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
        assert not ignored >> number - 1 & 1


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        pytest.param(["/no/such/program"], ".", id="no such program"),
        pytest.param([sys.executable], "absent", id="no such folder"),
        pytest.param(["."], ".", id="a folder"),
        pytest.param([sys.executable, "a\0b"], ".", id="a NUL"),
    ],
)
def test_what_cannot_be_started_is_an_error(
    tmp_path: Path, command: list[str], folder: str
) -> None:
    with pytest.raises(OSError, match=r"."):
        Supervised(command, env=os.environ, folder=tmp_path / folder)


def test_no_limit_is_no_limit() -> None:
    assert within(None)() == within(math.inf)() == math.inf
