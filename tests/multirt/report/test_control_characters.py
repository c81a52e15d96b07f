"""What names and files say is printed so that no terminal and no CI system obeys it."""

from __future__ import annotations

import os
import subprocess
from shutil import which
from typing import TYPE_CHECKING

import pytest

from multirt.process.debug_log import debug
from multirt.report.explain import plan_text
from multirt.report.matrix_junit import _legal
from multirt.report.probe_text import harmless
from multirt.selection.model import Plan
from tests.factories.matrix import runtime

if TYPE_CHECKING:
    from pathlib import Path


RUNTIME = runtime("3.12.1")


@pytest.mark.skipif(which("bash") is None, reason="no shell here reads $'...'")
@pytest.mark.parametrize(
    "part",
    ["plain", "two words", "it's", "\x1b[31m", "a\nb", "\x9b31m", "\udcff'\\", "\u202eabc", "ä"],
)
def test_the_line_of_a_dry_run_is_printable_and_means_the_same(tmp_path: Path, part: str) -> None:
    program = tmp_path / part.replace("/", "")
    program.write_text('#!/bin/sh\nprintf \'%s\\0\' "$0" "$V" "$@"\n')
    program.chmod(0o700)
    plan = Plan(runtime=RUNTIME, executable=program, arguments=(part,), environment=(("V", part),))
    line = plan_text(plan)
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    printed = [os.fsdecode(each) for each in done.stdout.split(b"\0")]
    assert printed == [str(program), part, part, ""]


def test_debug_lines_are_one_printable_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTIRT_LOG", "debug")
    debug("no plan \x1b]0;x\x07\n\x9b\udcff é")
    (line,) = capfd.readouterr().err.splitlines()
    assert line == r"multirt: debug: no plan \x1b]0;x\x07\n\x9b\udcff é"


@pytest.mark.parametrize("line", ["::error::x", "  ::error::x", "##[error]x", "#x"])
def test_a_line_of_probe_does_not_begin_like_a_command_of_ci(line: str) -> None:
    assert harmless(line) == f"| {line}"


@pytest.mark.parametrize("line", ["", "numpy 2.0  works", "  reason: a::b"])
def test_usual_lines_of_probe_stay(line: str) -> None:
    assert harmless(line) == line


def test_junit_has_no_control_characters_of_c1() -> None:
    assert _legal("a\x9b31m\x85\x7f\x1b\tä\n") == "a?31m???\tä\n"
