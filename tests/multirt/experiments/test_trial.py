"""One run with limits, whatever the program does."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

import pytest

from multirt.errors import MultirtError
from multirt.experiments.compare import changes, snapshot
from multirt.experiments.trial import RunOutcome, RunSpec, run_once

if TYPE_CHECKING:
    from pathlib import Path


def run(code: str, folder: Path, seconds: float = 30, given: Path | None = None) -> RunOutcome:
    """Run some code under this interpreter."""
    return run_once(
        RunSpec(
            command=(sys.executable, "-c", code),
            environment=dict(os.environ),
            folder=folder,
            workdir=folder,
            input=given,
            seconds=seconds,
            substitutions=(),
        )
    )


def test_what_it_writes_and_how_it_ends(tmp_path: Path) -> None:
    found = run("import sys; print(1); sys.stderr.write('no'); sys.exit(3)", tmp_path)
    assert (found.stdout.text, found.stderr.text, found.exit_code) == ("1\n", "no", 3)
    assert found.ending == "exit code 3"


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        pytest.param("import os; os.abort()", "ended by SIGABRT", id="crash"),
        pytest.param("while True: pass", "did not end in time", id="never ends"),
        pytest.param(
            "import os; os.close(1); os.close(2)\nwhile True: pass",
            "did not end in time",
            id="never ends with its streams closed",
        ),
        pytest.param("while True: print('y' * 1000)", "did not end in time", id="never silent"),
    ],
)
def test_a_bad_end_has_words(tmp_path: Path, code: str, ending: str) -> None:
    assert run(code, tmp_path, seconds=1).ending == ending


def test_a_child_in_the_background_is_ended_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)"
    )
    found = run(code, tmp_path)
    assert found.exit_code == 0
    try:
        child = os.pidfd_open(int(found.stdout.text))
    except ProcessLookupError:
        return
    assert select.select([child], [], [], 30)[0] == [child]  # readable once it has ended
    os.close(child)


def test_input_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("hello")
    assert run("print(input())", tmp_path, given=tmp_path / "in").stdout.text == "hello\n"
    with pytest.raises(MultirtError, match="cannot read"):
        run("", tmp_path, given=tmp_path / "none")


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    start = RunSpec(
        command=(str(tmp_path / "none"),),
        environment={},
        folder=tmp_path,
        workdir=tmp_path,
        input=None,
        seconds=1,
        substitutions=(),
    )
    assert run_once(start).ending == "cannot be started: No such file or directory"


def test_what_changed_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("1")
    (tmp_path / "gone").write_text("1")
    (tmp_path / "changed").write_text("1")
    before = snapshot(tmp_path)
    (tmp_path / "gone").unlink()
    (tmp_path / "changed").write_text("2")
    (tmp_path / "link").symlink_to("kept")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("")
    found = {name: each and each.text for name, each in changes(tmp_path, before, ())}
    assert found == {
        "changed": "2",
        "gone": None,
        "link": "link to kept",
        "pipe": "no regular file",
    }
