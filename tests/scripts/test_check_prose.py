"""The gate of prose finds the words and the long sentences, and nothing in code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "scripts" / "check_prose"
LONG = " ".join(["word"] * 31)


PARAMETERS = pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Nobody reads it.\n", "1: 'Nobody'", id="word"),
        pytest.param("a\n\nIt rests\non it.\n", "3: 'rests", id="two lines"),
        pytest.param(f"Short.\n{LONG}.\n", "2: a sentence of 31 words", id="sentence"),
        pytest.param(f"| a |\n|---|\n| {LONG[: 16 * 5]} |\n", "3: a cell of 16 words", id="cell"),
        pytest.param(f"`nobody`\n\n```\nbeside {LONG}\n```\n", "", id="code"),
        pytest.param("See [it](beside.md).\n", "", id="address of a link"),
        pytest.param(f"{LONG[:-5]}. {LONG[:-5]}.\n", "", id="two sentences"),
    ],
)


def test_check_prose_reads_the_help_in_a_manual_page(tmp_path: Path) -> None:
    page = tmp_path / "tool.1"
    page.write_text(f".TP\n.B x\nAsk anew.\n.EX\n{LONG}\n.EE\n")
    command = [sys.executable, str(PROGRAM), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{page}:3: 'anew': write again\n"


@PARAMETERS
def test_check_prose_names_the_line_of_each_finding(tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / "page.md"
    file.write_text(text)
    command = [sys.executable, str(PROGRAM), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == bool(found), done.stdout
    assert done.stdout.count("\n") == bool(found)
    assert done.stdout.startswith(f"{file}:{found}" if found else "")
