"""Test one cell: make its environment, run its commands, say what came of it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import time
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from multirt.environments import UnresolvableError
from multirt.matrix import junit
from multirt.matrix.building import clean
from multirt.matrix.covering import covered
from multirt.matrix.model import POSARGS, State
from multirt.matrix.output import Output, place_of_fault
from multirt.matrix.planning import under_test
from multirt.matrix.processes import CELL, RUN, Command
from multirt.matrix.results import Result
from multirt.matrix.rooms import remove

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.environments import Built, Resolution
    from multirt.errors import MultirtError
    from multirt.matrix.installing import Installer, Prepared
    from multirt.matrix.model import Cell, Planned, Wheel
    from multirt.matrix.processes import Ended, Processes
    from multirt.matrix.results import Case
    from multirt.matrix.session import Options, View
    from runtimes import Runtime

_PYTHONS = frozenset({"python", "python3"})
_PYTESTS = frozenset({"pytest", "py.test"})
_PYTEST_SAYS = {
    1: "tests failed",
    2: "pytest was interrupted or could not collect the tests",
    3: "pytest had an internal error",
    4: "pytest does not understand its options",
    5: "no tests were collected",
}
_PREFIX_SINCE = (3, 8)
# What a program needs to work at all, whatever `pass-env` says.
_ALWAYS = (
    "CC",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "SHELL",
    "SSL_CERT_*",
    "TERM",
    "TZ",
    "USER",
    "*_PROXY",
    "*_proxy",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tester:
    """Tests cells of one run.

    Attributes:
        root: the project.
        state: its folder in the cache.
        room: the folder of the run.
        env: the user's environment.
        wheels: under test.
        options, installer, processes, view: those of the run.
    """

    root: Path
    state: Path
    room: Path
    env: Mapping[str, str]
    wheels: tuple[Wheel, ...]
    options: Options
    installer: Installer
    processes: Processes
    view: View

    def test(self, planned: Planned) -> Result:
        """Test one cell.

        Raises:
            UnresolvableError: its requirements have no solution.
            MultirtError: its environment cannot be made.
        """
        cell, runtime = planned.cell, planned.cell.runtime
        if runtime is None:
            return Result(planned=planned, state=State.MISSING, reason=planned.reason)
        start = time.monotonic()
        self.view.step(cell, "resolving")
        wheel = under_test(planned, self.wheels)
        resolution = self.installer.resolve(cell, runtime, wheel)
        return self.install(planned, runtime, resolution, start)

    def install(
        self, planned: Planned, runtime: Runtime, resolution: Resolution, start: float
    ) -> Result:
        """Make the environment of a cell that was resolved, and test it.

        Args:
            planned: the cell.
            runtime: its runtime.
            resolution: what is installed.
            start: when its setting up began, `time.monotonic()`.

        Raises:
            MultirtError: its environment cannot be made.
        """
        self.view.step(planned.cell, "installing")
        prepared = self.installer.prepare(runtime, resolution)
        result = Result(
            planned=planned,
            state=State.READY,
            installed=prepared.installed,
            reused=prepared.reused,
            setup=time.monotonic() - start,
            python=prepared.built.python,
        )
        return self._commands(result, prepared) if self.options.test else result

    def _commands(self, result: Result, prepared: Prepared) -> Result:
        """Run the commands of a cell up to the first that fails."""
        cell = result.cell
        place = self.room / cell.name.replace(os.sep, "_")
        (place / "tmp").mkdir(parents=True)
        self.view.step(cell, "testing")
        attempt = _Attempt(
            tester=self,
            cell=cell,
            built=prepared.built,
            place=place,
            env=self._environment(cell, prepared.built, place),
            limit=self.options.timeout or cell.timeout,
            start=time.monotonic(),
        )
        result = attempt.run(result)
        if self.options.cover:
            _keep_coverage(place, self.room)
        remove(place)  # a test may have filled the disk
        return result

    def _environment(self, cell: Cell, built: Built, place: Path) -> dict[str, str]:
        """Return the variables of a cell's commands."""
        env = clean(self.env)
        if cell.pass_env is not None:
            patterns = (*_ALWAYS, *cell.pass_env)
            env = {
                name: value
                for name, value in env.items()
                if any(fnmatchcase(name, pattern) for pattern in patterns)
            }
        env |= {
            "PATH": f"{built.scripts}{os.pathsep}{env.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(built.home),
            "TMPDIR": str(place / "tmp"),
            "TEMP": str(place / "tmp"),
            "TMP": str(place / "tmp"),
            "COVERAGE_FILE": str(place / ".coverage"),
            RUN: self.room.name,
            CELL: cell.name,
        }
        return {**env, **self._bytecode(cell), **cell.set_env}

    def _bytecode(self, cell: Cell) -> dict[str, str]:
        """Return where bytecode goes, when it may not lie beside the sources.

        To write none would make every run compile everything again.
        """
        if "PYTHONDONTWRITEBYTECODE" not in self.env and os.access(self.root, os.W_OK):
            return {}
        version = cell.runtime.version if cell.runtime else None
        if version is not None and (version.major, version.minor) < _PREFIX_SINCE:
            return {"PYTHONDONTWRITEBYTECODE": "1"}
        return {"PYTHONPYCACHEPREFIX": str(self.state / "bytecode")}


@dataclass(kw_only=True, slots=True)
class _Attempt:
    """The commands of one cell, as they run one after the other."""

    tester: Tester
    cell: Cell
    built: Built
    place: Path
    env: Mapping[str, str]
    limit: float | None
    start: float
    output: Output = field(default_factory=Output)
    cases: list[Case] | None = None
    left: int = 0

    def run(self, result: Result) -> Result:
        """Run every command, and return what they make of the cell."""
        options = self.tester.options
        state, reason, command = State.PASSED, None, None
        for number, written in enumerate(self.cell.commands):
            words = expanded(written, options.posargs)
            if options.cover:
                wheel = result.planned.wheel
                words = covered(words, wheel.modules if wheel else ())
            state, reason = self._one(words, self.place / f"junit-{number}.xml")
            if state is not State.PASSED:
                command = words
                break
        planned = result.planned
        if self.left:
            processes = "process was" if self.left == 1 else "processes were"
            warning = f"{self.left} {processes} left behind, and ended"
            planned = replace(planned, warnings=(*planned.warnings, warning))
        return replace(
            result,
            planned=planned,
            state=state,
            reason=reason,
            command=command,
            cases=tuple(self.cases) if self.cases is not None else None,
            seconds=time.monotonic() - self.start,
            output=self.output.text,
        )

    def _one(self, words: tuple[str, ...], report: Path) -> tuple[State, str | None]:
        """Run one command, and say how it ended."""
        env = _with_report(self.env, words, report)
        program = find_program(words[0], self.built, env)
        if program is None:
            reason = f"no command {words[0]!r} in the environment: is it among the deps?"
            return State.CANNOT_START, reason
        spent = time.monotonic() - self.start
        command = Command(
            argv=(program, *words[1:]),
            cwd=self.tester.root,
            env=env,
            seconds=None if self.limit is None else max(0.001, self.limit - spent),
        )
        try:
            ended = self.tester.processes.run(command, self._receive)
        except OSError as error:
            return State.CANNOT_START, f"cannot start {words[0]}: {error.strerror}"
        self.left += ended.left
        if (found := junit.read(report)) is not None:
            self.cases = [*(self.cases or []), *found]
        return self._judged(ended, words)

    def _receive(self, data: bytes) -> None:
        self.tester.view.lines(self.cell, self.output.add(data), self.output.tests)

    def _judged(self, ended: Ended, words: Sequence[str]) -> tuple[State, str | None]:
        """Say what the end of a command means."""
        if ended.stopped:
            return State.INTERRUPTED, "interrupted"
        where = place_of_fault(self.output.text) if ended.timed_out or ended.code < 0 else None
        place = f", at {where}" if where else ""
        if ended.timed_out:
            return State.TIMEOUT, f"no end after {self.limit:g} s{place}"
        if ended.code < 0:
            return State.CRASHED, f"{_signal_name(-ended.code)}{place}"
        if ended.code:
            says = _PYTEST_SAYS.get(ended.code) if is_pytest(words) else None
            return State.FAILED, says or f"exit code {ended.code}"
        return State.PASSED, None


def unmade(planned: Planned, error: MultirtError) -> Result:
    """Return the result of a cell whose environment cannot be made."""
    state, output = State.CANNOT_START, ""
    if isinstance(error, UnresolvableError):
        state = State.BLOCKED if error.missing_wheels else State.UNRESOLVED
        output = error.full
    return Result(
        planned=planned, state=state, reason=error.message, hint=error.hint, output=output
    )


def expanded(command: Sequence[str], posargs: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the words after `--` in place of `{posargs}`."""
    words: list[str] = []
    for word in command:
        if word == POSARGS:
            words += posargs
        else:
            words.append(word.replace(POSARGS, shlex.join(posargs)))
    return tuple(words)


def find_program(word: str, built: Built, env: Mapping[str, str]) -> str | None:
    """Return the program that a command names, None when there is none.

    `python` is the environment's. A `pytest` of another environment would test what that one
    has installed.
    """
    if word in _PYTHONS:
        return str(built.python)
    only_here = word in _PYTESTS or word == "coverage"
    return shutil.which(word, path=str(built.scripts) if only_here else env["PATH"])


def is_pytest(words: Sequence[str]) -> bool:
    """Whether a command is pytest, or a module that starts it."""
    return any(os.path.basename(word) in _PYTESTS for word in words)  # noqa: PTH119 - text


def _with_report(env: Mapping[str, str], words: Sequence[str], report: Path) -> dict[str, str]:
    """Ask pytest for a report of our own, without changing the command."""
    said = " ".join([*words, env.get("PYTEST_ADDOPTS", "")])
    if not is_pytest(words) or "junitxml" in said or "junit-xml" in said:
        return dict(env)
    ours = f"--junitxml={shlex.quote(str(report))} -o junit_family=xunit1"
    return {**env, "PYTEST_ADDOPTS": f"{env.get('PYTEST_ADDOPTS', '')} {ours}".strip()}


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"


def _keep_coverage(place: Path, room: Path) -> None:
    """Move a cell's coverage data to where all of them are combined."""
    for number, data in enumerate(sorted(place.glob(".coverage*"))):
        (room / "coverage").mkdir(exist_ok=True)
        data.replace(room / "coverage" / f".coverage.{place.name}.{number}")
