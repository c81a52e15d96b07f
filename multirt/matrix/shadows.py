"""Find commands that import the project's folder instead of the wheel under test."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from multirt.matrix.commands import OPTIONS
from multirt.matrix.plan import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from multirt.matrix.model import Cell, Wheel

_IMPORTLIB = "--import-mode=importlib"
_IMPORT_MODE = re.compile(r"--import-mode[=\s\"',]+(?:importlib|append)\b")
# In the order in which pytest looks, with what makes each its configuration.
_PYTEST_FILES = (
    ("pytest.toml", ""),
    (".pytest.toml", ""),
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
_PUT_FIRST = ("conftest.py", "tests/__init__.py", "test/__init__.py")


def shadowed_packages(
    root: Path, wheels: Sequence[Wheel], cells: Sequence[Cell]
) -> tuple[str, ...]:
    """Return a note for each command that imports the project's folder instead of the wheel.

    `python -m` and `python -c` put the current folder first on `sys.path`, before what is
    installed, a script puts its own; pytest does the same with the folder above the outermost
    package of a test, and with that of a conftest.py.
    """
    names = sorted({name for wheel in wheels for name in wheel.modules})
    there = [name for name in names if (root / name / "__init__.py").is_file()]
    there += [f"{name}.py" for name in names if (root / f"{name}.py").is_file()]
    if not there:
        return ()
    cause = next((each for each in _PUT_FIRST if (root / each).is_file()), None)
    cause = None if _leaves_path(_pytest_options(root)) else cause
    notes: dict[str, str] = {}
    for cell in cells:
        own = None if _leaves_path(cell.set_env.get(OPTIONS, "")) else cause
        for command in cell.commands if cell.package in INSTALLED else ():
            if found := _shadowing(command, root, own):
                notes.setdefault(*found)
    what = f"imports {', '.join(there)} of this folder, not of the wheel: move it into src"
    return tuple(f"{who} {what}{other}" for who, other in notes.items())


def _shadowing(command: Sequence[str], root: Path, cause: str | None) -> tuple[str, str] | None:
    """Return what puts the project's folder on the path of a command, and what would not.

    Args:
        command: its words.
        root: the project's folder, in which it starts.
        cause: what makes pytest put it there; None where nothing does.
    """
    by_pytest = None if _leaves_path(" ".join(command)) else cause
    who, other = None, ""
    match _without_options(command):
        case ["python", "-m", "pytest" | "py.test", *_]:
            mode = f" with {_IMPORTLIB}" if by_pytest else ""
            who, other = "`python -m pytest`", f", or start `pytest` by its own name{mode}"
        case ["python", "-m", "coverage", "run", *arguments] | ["coverage", "run", *arguments]:
            # It starts like Python itself what it measures.
            who = "`coverage run`" if "-m" in arguments or _any_at_top(arguments, root) else None
        case ["python", "-m", module, *_]:
            who = f"`python -m {module}`"
        case ["python", "-c", *_]:
            who = "`python -c`"
        case ["python", script, *_] if _any_at_top([script], root):
            who = f"`python {script}`"
        case ["pytest" | "py.test", *_] if by_pytest:
            who, other = f"pytest, because of {by_pytest},", f", or give pytest {_IMPORTLIB}"
        case _:
            pass
    return None if who is None else (who, other)


def _any_at_top(arguments: Sequence[str], root: Path) -> bool:
    """Whether one of some words is a script in the project's own folder."""
    return any(
        argument.endswith(".py") and os.path.dirname(os.path.normpath(root / argument)) == str(root)  # noqa: PTH120 - links count where they lie
        for argument in arguments
    )


def _without_options(command: Sequence[str]) -> list[str]:
    """Return a command without Python's own options; none where they make its path safe."""
    program, *arguments = command
    if program not in {"python", "python3"}:
        return list(command)
    while arguments and arguments[0].startswith("-") and arguments[0] not in {"-m", "-c"}:
        if arguments[0].startswith(("-I", "-P")):
            return []
        del arguments[: 2 if arguments[0] in {"-W", "-X"} else 1]
    return ["python", *arguments]


def _leaves_path(options: str) -> bool:
    """Whether pytest's options keep the folders of tests from the front of the path."""
    return _IMPORT_MODE.search(options) is not None


def _pytest_options(root: Path) -> str:
    """Return the file that configures pytest, with its options; nothing where none does."""
    for name, mark in _PYTEST_FILES:
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if mark in text:
            return text
    return ""
