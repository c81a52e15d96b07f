"""What the words of a cell's command mean, and the words that pytest gets besides."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.matrix.model import CellEnvironment

_PYTHONS = frozenset({"python", "python3"})
_PYTESTS = frozenset({"pytest", "py.test"})
_STARTERS = frozenset({"nox"})  # what an imported configuration starts, and it the tests
OPTIONS = "PYTEST_ADDOPTS"
"""The variable that pytest takes more options from."""
# With these pytest runs no tests.
_ONLY_SAYS = frozenset(
    {
        "--cache-show",
        "--fixtures",
        "--fixtures-per-test",
        "--help",
        "--markers",
        "--version",
        "-V",
        "-h",
    }
)


def find_program(word: str, environment: CellEnvironment, env: Mapping[str, str]) -> str | None:
    """Return the program that a command names, None when there is none.

    `python` is the environment's. A `pytest` of another environment would test what that one
    has installed.
    """
    if word in _PYTHONS:
        return environment.python
    only_here = word in _PYTESTS or word == "coverage"
    return shutil.which(word, path=environment.scripts if only_here else env["PATH"])


def is_pytest(words: Sequence[str]) -> bool:
    """Whether a command is pytest, or a module that starts it."""
    return any(os.path.basename(word) in _PYTESTS for word in words)  # noqa: PTH119 - text


def writes_report(words: Sequence[str]) -> bool:
    """Whether a command is sure to be pytest running tests, which writes a report at its end."""
    own = (
        words[1:2] == ("-m",) and words[0] in _PYTHONS and words[2:3] in (("pytest",), ("py.test",))
    )
    return (own or words[0] in _PYTESTS) and not _ONLY_SAYS.intersection(words)


def missing_module(words: Sequence[str], output: str) -> str | None:
    """Return the module that `python -m` did not find, None when it found one."""
    if words[1:2] != ("-m",) or words[0] not in _PYTHONS:
        return None
    name = words[2].partition(".")[0] if len(words) > 2 else ""  # noqa: PLR2004 - what follows -m
    return name if output.rstrip().endswith(f": No module named {name}") else None


def with_report(env: Mapping[str, str], words: Sequence[str], report: Path) -> dict[str, str]:
    """Ask pytest for a report of our own, without changing the command."""
    said = " ".join([*words, env.get(OPTIONS, "")])
    if not (is_pytest(words) or words[0] in _STARTERS) or "junitxml" in said or "junit-xml" in said:
        return dict(env)
    ours = f"--junitxml={shlex.quote(str(report))} -o junit_family=xunit1"
    return {**env, OPTIONS: f"{env.get(OPTIONS, '')} {ours}".strip()}
