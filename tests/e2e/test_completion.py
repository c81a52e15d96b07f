"""What a shell offers when the user asks it to complete a command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = """\
[project]
name = "small"
version = "1"

[tool.multirt.matrix]
commands = ["true"]

[tool.multirt.matrix.tasks.lint]
commands = ["true"]
"""


def completed(multirt: Command, line: str) -> list[str]:
    """Return what bash is offered for the last word of a line."""
    arguments = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    done = multirt(
        _MULTIRT_COMPLETE="complete_bash", MULTIRT_SEARCH_PATH=sys.executable, **arguments
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("multirt ex", ["explain"], id="command"),
        pytest.param("multirt matrix pl", ["plan"], id="command of a group with a default"),
        pytest.param("multirt bench h", ["history"], id="command of a group for a program"),
        pytest.param("multirt run --dry", ["--dry-run"], id="option"),
        pytest.param("multirt run --prefer ol", ["oldest"], id="choice"),
        pytest.param("multirt matrix run -e li", [], id="cell without a project"),
    ],
)
def test_completion_offers_what_begins_so(multirt: Command, line: str, offered: list[str]) -> None:
    assert completed(multirt, line) == offered


@pytest.mark.parametrize("before", ["run --python", "find", "list", "probe --python"])
def test_completion_offers_the_runtimes_of_the_machine(multirt: Command, before: str) -> None:
    assert OURS in completed(multirt, f"multirt {before} {OURS[:3]}")
    assert f"cpython-{OURS}." in " ".join(completed(multirt, f"multirt {before} cpython-{OURS}"))


def test_completion_offers_the_cells_of_the_project(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert OURS in completed(multirt, "multirt matrix run -e 3")
    assert completed(multirt, "multirt matrix run li") == ["lint"]


def test_completion_offers_environments(multirt: Command, cache: Path) -> None:
    folder = cache / "environments"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "cpython-0.1-abc").mkdir(exist_ok=True)
    assert completed(multirt, "multirt env show cpython-0") == ["cpython-0.1-abc"]
