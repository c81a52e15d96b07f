"""Run the commands of a cell whose environment is there, and say what came of them."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.config.posargs import expanded
from multirt.matrix.captured_output import Output, place_of_fault
from multirt.matrix.cell_environ import bytecode, handed_on
from multirt.matrix.processes import GRACE, Command
from multirt.matrix.pytest_args import (
    OPTIONS,
    absent,
    find_program,
    is_pytest,
    reports,
    with_report,
)
from multirt.matrix.run_directory import remove
from multirt.matrix.sentinel import CELL, RUN
from multirt.matrix.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.matrix.processes import Ended, Processes
    from multirt.matrix.results import Case
    from multirt.matrix.session import Options, View

_IS_NAMED = "is it among the groups, extras or deps?"
_PYTEST_SAYS = {
    1: "tests failed",
    2: "pytest was interrupted or could not collect the tests",
    3: "pytest had an internal error",
    4: "pytest does not understand its options",
    5: "no tests were collected",
}


class Ready(Struct, frozen=True, kw_only=True):
    """A cell whose environment is there: all that running its commands takes.

    Attributes:
        name: of the cell.
        commands, set_env, pass_env, timeout, grace: as in `Cell`.
        version: of the language.
        modules: top-level names of the wheel under test.
        home, python, scripts: of the environment, as in `Built`.
        local: what stands for the wheel under test in it.
        warnings: what may go wrong, as was known before.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    set_env: Mapping[str, str]
    pass_env: tuple[str, ...] | None
    timeout: float | None
    version: tuple[int, int]
    modules: tuple[str, ...]
    home: Path
    python: Path
    scripts: Path
    grace: float | None = None
    local: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Ran(Struct, frozen=True, kw_only=True):
    """What came of the commands of a cell; the fields are those of `Result`.

    Attributes:
        warnings: what to know of it besides.
    """

    state: State
    reason: str | None
    command: tuple[str, ...] | None
    cases: tuple[Case, ...] | None
    seconds: float
    output: str
    warnings: tuple[str, ...]


class Runner(Struct, frozen=True, kw_only=True):
    """Runs the commands of cells in one run.

    Attributes:
        root: the project.
        state: its folder in the cache.
        room: the folder of the run.
        env: the user's environment.
        options, processes, view: those of the run.
    """

    root: Path
    state: Path
    room: Path
    env: Mapping[str, str]
    options: Options
    processes: Processes
    view: View

    def run(self, ready: Ready) -> Ran:
        """Run the commands of a cell up to the first that fails."""
        place = self.room / ready.name.replace(os.sep, "_")
        (place / "tmp").mkdir(parents=True)
        self.view.step(ready.name, "testing")
        attempt = _Attempt(
            runner=self,
            ready=ready,
            place=place,
            env=self._environment(ready, place),
            limit=self.options.timeout or ready.timeout,
            start=time.monotonic(),
        )
        ran = attempt.run()
        if self.options.cover:
            _keep_coverage(place, self.room)
        remove(place)  # a test may have filled the disk
        return ran

    def _environment(self, ready: Ready, place: Path) -> dict[str, str]:
        """Return the variables of a cell's commands."""
        env = handed_on(self.env, ready.pass_env)
        env |= {
            "PATH": f"{ready.scripts}{os.pathsep}{env.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(ready.home),
            "TMPDIR": str(place / "tmp"),
            "TEMP": str(place / "tmp"),
            "TMP": str(place / "tmp"),
            "COVERAGE_FILE": str(place / ".coverage"),
            RUN: self.room.name,
            CELL: ready.name,
        }
        is_free = "PYTHONDONTWRITEBYTECODE" not in self.env and os.access(self.root, os.W_OK)
        apart = {} if is_free else bytecode(ready.version, self.state / "bytecode")
        own = {name: _with_folders(text, ready, place) for name, text in ready.set_env.items()}
        return {**env, **apart, **own}


class _Attempt(Struct, kw_only=True):
    """The commands of one cell, as they run one after the other."""

    runner: Runner
    ready: Ready
    place: Path
    env: Mapping[str, str]
    limit: float | None
    start: float
    output: Output = field(default_factory=Output)
    cases: list[Case] | None = None
    left: int = 0

    def run(self) -> Ran:
        """Run every command, and return what they make of the cell."""
        options = self.runner.options
        state, reason, command = State.PASSED, None, None
        for number, written in enumerate(self.ready.commands):
            words = expanded(written, options.posargs)
            if options.cover:
                from multirt.matrix.coverage_data import covered

                words = covered(words, self.ready.modules)
            words = tuple(_with_folders(word, self.ready, self.place) for word in words)
            state, reason = self._one(words, self.place / f"junit-{number}.xml")
            if state is not State.PASSED:
                command = words
                break
        processes = "process was" if self.left == 1 else "processes were"
        return Ran(
            state=state,
            reason=reason,
            command=command,
            cases=tuple(self.cases) if self.cases is not None else None,
            seconds=time.monotonic() - self.start,
            output=self.output.text,
            warnings=(f"{self.left} {processes} left behind, and ended",) if self.left else (),
        )

    def _one(self, words: tuple[str, ...], report: Path) -> tuple[State, str | None]:
        """Run one command, and say how it ended."""
        options = self.runner.options
        env = with_report(self.env, words, report)
        program = find_program(words[0], self.ready, env)
        if program is None:
            reason = f"no command {words[0]!r} in the environment: {_IS_NAMED}"
            return State.CANNOT_START, reason
        spent = time.monotonic() - self.start
        command = Command(
            argv=(program, *words[1:]),
            cwd=self.runner.root,
            env=env,
            seconds=None if self.limit is None else max(0.001, self.limit - spent),
            grace=options.grace or self.ready.grace or GRACE,
        )
        try:
            ended = self.runner.processes.run(command, self._receive)
        except OSError as error:
            return State.CANNOT_START, f"cannot start {words[0]}: {error.strerror}"
        self.left += ended.left
        from multirt.matrix import junit_reader as junit  # 10 ms, while others run

        if (found := junit.read(report, self.runner.root)) is not None:
            self.cases = [*(self.cases or []), *found]
        elif ended.code == 1 and (name := absent(words, self.output.text)):
            return State.CANNOT_START, f"no module {name!r} in the environment: {_IS_NAMED}"
        elif _left_early(ended) and reports(words) and str(report) in env.get(OPTIONS, ""):
            return State.CRASHED, f"pytest ended before it was done, with exit code {ended.code}"
        return self._judged(ended, words)

    def _receive(self, data: bytes) -> None:
        self.runner.view.lines(self.ready.name, self.output.add(data), self.output.tests)

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


def _left_early(ended: Ended) -> bool:
    """Whether a pytest that wrote no report of its tests says that it ran them."""
    return ended.code in {0, 1} and not (ended.stopped or ended.timed_out)


def _with_folders(text: str, ready: Ready, place: Path) -> str:
    """Return a word with the cell's own folders in place of what tox calls them."""
    return text.replace("{envtmpdir}", str(place / "tmp")).replace("{envdir}", str(ready.home))


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
