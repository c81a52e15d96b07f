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


def find_program(program: str, environment: CellEnvironment, env: Mapping[str, str]) -> str | None:
    """Return the program that a command names, None when there is none.

    `python` is the environment's. A `pytest` of another environment would test what that one
    has installed.
    """
    if program in _PYTHONS:
        return environment.python
    only_here = program in _PYTESTS or program == "coverage"
    return shutil.which(program, path=environment.scripts if only_here else env["PATH"])


def is_pytest(arguments: Sequence[str]) -> bool:
    """Whether a command is pytest, or a module that starts it."""
    return any(os.path.basename(program) in _PYTESTS for program in arguments)  # noqa: PTH119 - text


def writes_report(arguments: Sequence[str]) -> bool:
    """Whether a command is sure to be pytest running tests, which writes a report at its end."""
    own = (
        arguments[1:2] == ("-m",)
        and arguments[0] in _PYTHONS
        and arguments[2:3] in (("pytest",), ("py.test",))
    )
    return (own or arguments[0] in _PYTESTS) and not _ONLY_SAYS.intersection(arguments)


def missing_module(arguments: Sequence[str], output: str) -> str | None:
    """Return the module that `python -m` did not find, None when it found one."""
    if arguments[1:2] != ("-m",) or arguments[0] not in _PYTHONS:
        return None
    name = arguments[2].partition(".")[0] if len(arguments) > 2 else ""  # noqa: PLR2004 - what follows -m
    return name if output.rstrip().endswith(f": No module named {name}") else None


def with_report(env: Mapping[str, str], arguments: Sequence[str], report: Path) -> dict[str, str]:
    """Ask pytest for a report of our own, without changing the command."""
    options = " ".join([*arguments, env.get(OPTIONS, "")])
    if (
        not (is_pytest(arguments) or arguments[0] in _STARTERS)
        or "junitxml" in options
        or "junit-xml" in options
    ):
        return dict(env)
    ours = f"--junitxml={shlex.quote(str(report))} -o junit_family=xunit1"
    return {**env, OPTIONS: f"{env.get(OPTIONS, '')} {ours}".strip()}
