"""Children that crash, hang, flood, or leave others behind."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from runtimes.subprocesses import Child, ChildOutput

if TYPE_CHECKING:
    from pathlib import Path

_LEAVES_A_FLOOD = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "while True: print('x' * 9999)"])
"""


def received(script: str, folder: Path, *, seconds: float = 60, kept: int = 1 << 20) -> ChildOutput:
    """Run a script and return the result of it."""
    deadline = time.monotonic() + seconds
    command = [sys.executable, "-I", "-c", script]
    with Child(command, env=dict(os.environ), folder=folder, kept=kept) as child:
        return child.communicate(lambda _: deadline - time.monotonic())


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            "print('x', end='')", ChildOutput(stdout=b"x", stderr=b"", status=0), id="well"
        ),
        pytest.param(
            "raise SystemExit(3)", ChildOutput(stdout=b"", stderr=b"", status=3), id="code"
        ),
        pytest.param(
            "import os; os.write(2, b'a'); os.kill(os.getpid(), 9)",
            ChildOutput(stdout=b"", stderr=b"a", status=-9),
            id="signal",
        ),
        pytest.param(
            "import os; os.write(1, b'a'); os.close(1); os.close(2); os._exit(4)",
            ChildOutput(stdout=b"a", stderr=b"", status=4),
            id="streams closed first",
        ),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_how_it_ends(script: str, expected: ChildOutput, tmp_path: Path) -> None:
    assert received(script, tmp_path) == expected


def test_a_child_past_its_time_limit_is_ended(tmp_path: Path) -> None:
    given = received("print('begun', flush=True); input(); import time; time.sleep(99)", tmp_path)
    assert given.status == 1  # there is no input
    script = "print('begun', flush=True); import time; time.sleep(99)"
    with Child([sys.executable, "-I", "-c", script], env={}, folder=tmp_path, kept=99) as child:
        given = child.communicate(lambda output: 0 if output else 60)
    assert (given.stdout.split(), given.status) == ([b"begun"], None)


def test_a_flood_is_not_kept(tmp_path: Path) -> None:
    given = received("print('x' * 300_000)", tmp_path, kept=1000)
    assert (given.stdout, given.status) == (b"x" * 1000, 0)
    given = received("import sys; sys.stderr.write('x' * 300_000 + 'end')", tmp_path)
    assert len(given.stderr) < 100_000
    assert given.stderr.endswith(b"xend")


def test_a_flooding_orphan_does_not_delay_the_answer(tmp_path: Path) -> None:
    given = received(_LEAVES_A_FLOOD, tmp_path, kept=1000)
    assert (len(given.stdout) <= 1000, given.status) == (True, 0)


def test_it_reads_what_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"skipped" + b"x" * 200_000)
    code = "import sys; print(len(sys.stdin.buffer.read()))"
    with file.open("rb") as given:
        given.seek(len(b"skipped"))
        command = [sys.executable, "-I", "-c", code]
        with Child(command, env={}, folder=tmp_path, kept=99, given=given) as child:
            assert child.communicate(lambda _: 60).stdout.split() == [b"200000"]
