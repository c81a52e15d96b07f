"""A kill of multirt leaves no process that it started, and no folder of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multirt.process.cleanup import uninterrupted

if TYPE_CHECKING:
    from tests.conftest import Require

GATE = """
import os, subprocess, sys
stream = open(os.environ["GATE"], "w")
stream.write("here")
stream.flush()
"""
CHILD = """
os.set_inheritable(stream.fileno(), True)
subprocess.call([sys.executable, "-c", "while True: pass"], close_fds=False)
"""
# A process of another session, whose parent has ended and which has no variables of ours.
DETACHED = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.set_inheritable(stream.fileno(), True)
        stream.write("more")
        stream.flush()
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
    os._exit(0)
os.wait()
"""


def children(process: int) -> list[int]:
    """Return what a process has started, as descriptors that can be waited for."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [os.pidfd_open(int(each)) for each in listed.split()]


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        pytest.param(("compare", "--copy", "."), "while True: pass\n", id="compare"),
        pytest.param(("compare",), CHILD, id="what the program started"),
        pytest.param(("compare",), f"{DETACHED}while True: pass\n", id="what left its session"),
        pytest.param(("bench", "--no-check"), "while True: pass\n", id="bench"),
        pytest.param(
            ("run", "--canary", "3.12", "--percent", "0"), "while True: pass\n", id="canary"
        ),
    ],
)
def test_a_kill_leaves_nothing(
    tmp_path: Path,
    cache: Path,
    require: Require,
    *,
    arguments: tuple[str, ...],
    program: str,
) -> None:
    require("3.12")
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "work" / "p.py").write_text(GATE + program)
    command = [sys.executable, "-m", "multirt", *arguments, "--python", sys.executable, "p.py"]
    variables = {"MULTIRT_CACHE_DIR": cache, "MULTIRT_DATA_DIR": tmp_path, "GATE": gate}
    variables["TMPDIR"] = tmp_path / "temporary"
    env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    with subprocess.Popen(command, cwd=tmp_path / "work", env=env) as process:
        with gate.open() as stream:
            assert stream.read(4) == "here"
            if "more" in program:
                assert stream.read(4) == "more"
            started = children(process.pid)
            process.send_signal(signal.SIGKILL)
            assert stream.read() == ""  # no process holds the other end
        assert process.wait(60) == -signal.SIGKILL
    for each in started:
        assert select.select([each], [], [], 60)[0] == [each]  # readable once it has ended
        os.close(each)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("compare",), id="compare"),
        pytest.param(("bench", "--no-check", "--rounds", "1"), id="bench"),
    ],
)
def test_a_daemon_of_the_program_is_ended_with_it(
    tmp_path: Path, cache: Path, require: Require, arguments: tuple[str, ...]
) -> None:
    require("3.12")
    program = 'import os, sys\nstream = open(os.environ["GATE"], "a")\n' + DETACHED
    (tmp_path / "p.py").write_text(program)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    variables = {"MULTIRT_CACHE_DIR": cache, "MULTIRT_DATA_DIR": tmp_path, "GATE": gate}
    env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    reader = os.open(gate, os.O_RDONLY | os.O_NONBLOCK)
    command = [sys.executable, "-m", "multirt", *arguments, "--python", sys.executable, "p.py"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=240)
    with os.fdopen(reader) as stream:  # it would block, and raise, while a daemon is there
        assert set(stream.read().split("more")) == {""}


def test_an_interrupt_waits_until_what_is_started_can_be_ended() -> None:
    done = []
    outer = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), uninterrupted():  # noqa: PT012 - the order counts
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.signal(signal.SIGINT, outer) is signal.default_int_handler
