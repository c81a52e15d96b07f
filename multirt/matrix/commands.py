"""Change the commands of a cell: pytest reports each test, and coverage measures."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import ErrorKind, OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


_LAST = 400  # characters of what coverage printed


def with_coverage(arguments: Sequence[str], modules: Sequence[str]) -> tuple[str, ...]:
    """Return a command as it runs under coverage, where it is a module or script of Python.

    Args:
        arguments: the command.
        modules: top-level names of what is tested; when there are none, all in the current folder.
    """
    # Without it coverage leaves out what is installed, and a configured `source` names folders
    # of the project, where the wheel under test is not.
    source = f"--source={','.join(modules) or '.'}"
    run = ("python", "-m", "coverage", "run", "--parallel-mode", source)
    match tuple(arguments):
        case ("python" | "python3", "-m", "coverage", *_):
            return tuple(arguments)
        case ("python" | "python3", "-m", *_):
            return (*run, *arguments[1:])
        case ("python" | "python3", script, *_) if not script.startswith("-"):
            return (*run, *arguments[1:])
        case ("pytest" | "py.test", *_):
            return (*run, "-m", "pytest", *arguments[1:])
        case _:
            return tuple(arguments)


def combine_coverage(python: Path, root: Path, data_folder: Path, modules: Sequence[str]) -> str:
    """Combine what the cells measured, and return coverage's report.

    The data ends up in the project's `.coverage`, so that `coverage html` and the like work.

    Args:
        python: of an environment that has coverage.
        root: the project.
        data_folder: of the run.
        modules: top-level names of the wheel, which are looked for in the sources.

    Raises:
        MultirtError: coverage fails.
    """
    sources = [str(folder) for folder in (root / "src", root / "lib", root) if folder.is_dir()]
    config = data_folder / "coverage.cfg"
    # The first path of a group is where the others are mapped to.
    groups = [
        f"multirt_{name} =\n"
        + "".join(f"    {source}/{name}\n" for source in sources if _is_there(source, name))
        + f"    */site-packages/{name}\n"
        for name in modules
        if any(_is_there(source, name) for source in sources)
    ]
    config.write_text("[run]\nbranch = false\n[paths]\n" + "".join(groups), encoding="utf-8")
    data = root / ".coverage"
    base = [str(python), "-m", "coverage"]
    _call(
        [
            *base,
            "combine",
            f"--rcfile={config}",
            f"--data-file={data}",
            str(data_folder / "coverage"),
        ]
    )
    # A share that the project demands is for its own `coverage report` to judge.
    report = ["report", f"--data-file={data}", "--skip-empty", "--fail-under=0"]
    return _call([*base, *report], cwd=root)


def _is_there(source: str, name: str) -> bool:
    return (Path(source) / name).is_dir() or (Path(source) / f"{name}.py").is_file()


def _call(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        arguments = " ".join(done.stdout.split())[-_LAST:]
        raise OperationError(f"coverage failed: {arguments}", kind=ErrorKind.COVERAGE)
    return done.stdout
