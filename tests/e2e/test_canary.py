"""`multirt run --canary` and `multirt canary` as a user starts them."""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.interpreters import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require

V310 = release("3.10")
V312 = release("3.12")


SAYS = "import sys; print(sys.version_info[1], sys.argv[1:])\n"


@pytest.fixture
def options(require: Require) -> list[str]:
    """Return 3.12 as the usual runtime, 3.10 as the canary."""
    return ["run", "--python", str(require("3.12")), "--canary", str(require("3.10"))]


@pytest.fixture
def tried(multirt: Command, tmp_path: Path) -> Command:
    """Return a function that runs the command with a data folder of its own."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return multirt(*arguments, MULTIRT_DATA_DIR=str(tmp_path / "data"))

    return call


def reported(tried: Command) -> dict[str, Any]:
    """Return the only trial of the report."""
    (trial,) = json.loads(tried("canary", "report", "--json").stdout)["trials"]
    found: dict[str, Any] = trial
    return found


def test_a_share_of_the_starts_is_the_canarys(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    runs = [tried(*options, "--percent", "50", "tool.py", "-x", "1") for _ in range(4)]
    assert [each.stdout[:2] for each in runs] == ["12", "10", "12", "10"]
    assert all(each.stdout.endswith("['-x', '1']\n") for each in runs)
    assert {each.stderr for each in runs} == {""}
    trial = reported(tried)
    assert trial["starts"] == {"usual": 2, "canary": 2, "shadow": 0, "not_ended": 0}
    assert (trial["usual"], trial["canary"]) == (f"cpython-{V312}", f"cpython-{V310}")
    shown = tried("canary", "report", "tool.py")
    assert "go on: 2 of the 20 starts" in shown.stdout


def test_a_crash_ends_the_trial_for_good(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "tool.py").write_text(
        "import os, sys\nif sys.version_info < (3, 12): os.abort()\nprint('fine')\n"
    )
    first = tried(*options, "--percent", "100", "tool.py")
    assert first.returncode == -signal.SIGABRT
    assert f"crashed by SIGABRT: from now on cpython-{V312}" in first.stderr
    second = tried(*options, "--percent", "100", "tool.py")
    assert (second.stdout, second.stderr, second.returncode) == ("fine\n", "", 0)
    assert reported(tried)["stopped"] == "crashed by SIGABRT"
    assert f"stay with cpython-{V312}" in tried("canary", "report").stdout
    assert tried("canary", "forget", "tool.py").stdout == "forgot 1 trial\n"
    again = tried("canary", "forget", "tool.py")
    assert (again.returncode, "no canary of tool.py was tried" in again.stderr) == (2, True)
    assert tried(*options, "--percent", "100", "tool.py").returncode == -signal.SIGABRT


REFUSED = """
import os, sys
from msgspec.structs import replace
from pathlib import Path
from multirt.experiments.canary import Canary
from multirt.experiments.canary_report import CanaryPair
from multirt.experiments.canary_store import CanaryStore
from multirt.selection.model import Plan
from tests.factories.outcomes import runtime

usual = Plan(
    runtime=runtime(), executable=Path(sys.executable), arguments=("-c", "print('as ever')")
)
Canary(
    trial=CanaryPair(program="p", usual="cpython-3.12.1", canary="cpython-3.15.0"),
    usual=usual,
    canary=replace(usual, executable=Path("/no/such/python")),
    env=os.environ,
    percent=100,
    shadow=False,
    store=CanaryStore(path=Path(sys.argv[1])),
    say=lambda words: print(words, file=sys.stderr),
).start()
print("stopped before")
"""


def test_a_canary_that_cannot_be_started_ends_the_trial(tmp_path: Path) -> None:
    def call() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", REFUSED, str(tmp_path / "canary.sqlite3")]
        return subprocess.run(command, check=True, capture_output=True, text=True)

    first = call()
    assert first.stdout == "as ever\n"
    assert "could not be started: No such file or directory: from now on" in first.stderr
    assert call().stdout == "stopped before\n"


def test_a_canary_that_is_broken_starts_nothing(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    (tmp_path / "broken").write_text("#!/no/such/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    done = tried(*options[:3], "--canary", "./broken", "--percent", "100", "tool.py")
    assert done.stdout.startswith("12")
    assert "no canary: " in done.stderr


def test_the_program_ends_as_it_would_alone(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "seven.py").write_text("raise SystemExit(7)\n")
    assert tried(*options, "--percent", "100", "seven.py").returncode == 7
    assert tried(*options, "--percent", "0", "seven.py").returncode == 7
    trial = reported(tried)
    assert trial["failed"] == {"usual": 1, "canary": 1}


def test_a_signal_reaches_the_program(tmp_path: Path, cache: Path, options: list[str]) -> None:
    (tmp_path / "wait.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    folders = {"MULTIRT_CACHE_DIR": str(cache), "MULTIRT_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "multirt", *options, "--percent", "100", "wait.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, **folders}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(60) == 9


def test_a_shadow_runs_afterwards_and_is_compared(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "same.py").write_text(
        "# /// script\n# [tool.multirt.canary]\n# repeatable = true\n# ///\nprint({'b', 'a'})\n"
    )
    gone = tmp_path / "gone"
    os.mkfifo(gone)
    (tmp_path / "differs.py").write_text(
        "import sys\nprint(sys.version_info[1])\n"
        f"if sys.version_info < (3, 12): open({str(gone)!r}, 'w').close()\n"
    )
    watched = os.open(gone, os.O_RDONLY | os.O_NONBLOCK)
    done = tried(*options, "--shadow", "--repeatable", "differs.py")
    assert (done.stdout, done.stderr, done.returncode) == ("12\n", "", 0)
    assert select.select([watched], [], [], 60)[0]  # the shadow was there
    os.close(watched)
    assert tried(*options, "--shadow", "same.py").stdout in ("{'b', 'a'}\n", "{'a', 'b'}\n")
    trials = _when_both_ended(tried)
    differs = next(each for each in trials if each["program"].endswith("differs.py"))
    same = next(each for each in trials if each["program"].endswith("same.py"))
    assert (differs["compared"], differs["different"]) == (1, 1)
    assert "+10" in differs["differences"][0]
    assert (same["compared"], same["different"]) == (1, 0)
    assert "look first: 1 of 1 outputs differ" in tried("canary", "report").stdout


def test_a_share_of_the_starts_has_a_shadow(
    tried: Command, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    for _ in range(4):
        tried(*options, "--shadow", "--repeatable", "--percent", "50", "tool.py")
    assert _when_ended(tried, shadows=2)["starts"]["shadow"] == 2


def _when_ended(tried: Command, shadows: int) -> dict[str, Any]:
    """Ask until so many shadows have ended; each question takes a while."""
    for _ in range(100):
        trial = reported(tried)
        if trial["compared"] >= shadows:
            return trial
    return trial


PIPED = """
import os, sys
if sys.version_info < (3, 12):
    open({gate!r}).close()  # the shadow waits here
else:
    os.write({number}, b"handed on")
    if os.fork() == 0:  # a child in the background that keeps the streams open
        open({late!r}).close()
        os.write(1, b"late")
"""


def test_nobody_waits_for_a_shadow_or_a_child(
    tried: Command, tmp_path: Path, cache: Path, options: list[str]
) -> None:
    gate, late, out = tmp_path / "gate", tmp_path / "late", tmp_path / "out"
    os.mkfifo(gate)
    os.mkfifo(late)
    read, write = os.pipe()
    (tmp_path / "tool.py").write_text(PIPED.format(gate=str(gate), late=str(late), number=write))
    folders = {"MULTIRT_CACHE_DIR": str(cache), "MULTIRT_DATA_DIR": str(tmp_path / "data")}
    args = [*options, "--shadow", "--repeatable", "tool.py"]
    with out.open("wb") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "multirt", *args],
            check=False,
            cwd=tmp_path,
            env={**os.environ, **folders},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            pass_fds=[write],
            timeout=60,
        )
    assert done.returncode == 0
    os.close(write)
    assert os.read(read, 100) == b"handed on"
    late.open("w").close()
    assert os.read(read, 100) == b""  # the shadow, which still waits, does not keep it open
    os.close(read)
    assert out.read_text() == "late"
    opened = os.open(gate, os.O_RDWR)  # whenever the shadow comes there
    assert _when_ended(tried, shadows=1)["compared"] == 1
    os.close(opened)


def _when_both_ended(tried: Command) -> list[dict[str, Any]]:
    """Ask until the shadows in the background have ended; each question takes a while."""
    for _ in range(100):
        trials: list[dict[str, Any]] = json.loads(tried("canary", "report", "--json").stdout)[
            "trials"
        ]
        if len(trials) == 2 and all(each["compared"] for each in trials):
            return trials
    return trials


@pytest.mark.parametrize(
    ("arguments", "args", "code"),
    [
        pytest.param(("--shadow", "tool.py"), "runs tool.py twice: may it be?", 2, id="shadow"),
        pytest.param(("--percent", "101", "tool.py"), "percent", 2, id="percent"),
        pytest.param(("--percent", "x", "tool.py"), "percent", 2, id="no number"),
        pytest.param(("-",), "a program that is found again", 2, id="stdin"),
    ],
)
def test_what_cannot_be_tried_is_reported(  # noqa: PLR0913 - a table's columns and fixtures
    tried: Command,
    tmp_path: Path,
    options: list[str],
    *,
    arguments: tuple[str, ...],
    args: str,
    code: int,
) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    done = tried(*options, *arguments)
    assert args in done.stderr
    assert done.returncode == code


def test_without_a_canary_the_program_starts_as_ever(
    tried: Command, tmp_path: Path, require: Require, options: list[str]
) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    usual = options[:3]
    done = tried(*usual, "--canary", "3.99", "--percent", "100", "tool.py")
    assert done.stdout.startswith("12")
    assert "no canary: no such runtime here" in done.stderr
    same = tried(*usual, "--canary", str(require("3.12")), "tool.py")
    assert (same.returncode, "is the usual runtime" in same.stderr) == (2, True)
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "canary.sqlite3").write_text("no database, and quite long enough")
    broken = tried(*options, "--percent", "100", "tool.py")
    assert broken.stdout.startswith("12")
    assert "no canary: cannot use the history" in broken.stderr
    assert tried("canary", "report").returncode == 125


def test_it_knows_how_deep_it_is(tried: Command, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "deep.py").write_text("import os; print(os.environ['MULTIRT_DEPTH'])\n")
    assert tried(*options, "--percent", "0", "deep.py").stdout == "1\n"
    assert tried(*options, "--percent", "100", "deep.py").stdout == "1\n"


def test_each_code_is_a_program_of_its_own(tried: Command, options: list[str]) -> None:
    for code in ("print(1)", "print(2)"):
        tried(*options, "-c", code)
    trials = json.loads(tried("canary", "report", "--json").stdout)["trials"]
    assert [each["program"] for each in trials] == ["-c print(1)", "-c print(2)"]


def test_a_report_reads_only(tried: Command, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    tried(*options, "tool.py")
    (tmp_path / "tool.py").unlink()
    with closing(sqlite3.connect(tmp_path / "data" / "canary.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")  # somebody writes
        assert tried("canary", "report", "tool.py").returncode == 0


def test_options_of_a_canary_want_one(tried: Command, tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(SAYS)
    done = tried("run", "--percent", "50", "tool.py")
    assert (done.returncode, "go with --canary" in done.stderr) == (2, True)


def test_nothing_tried_is_reported(tried: Command) -> None:
    done = tried("canary", "report")
    assert (done.returncode, "no canary was tried" in done.stderr) == (2, True)
