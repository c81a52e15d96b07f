"""Run the commands of a cell whose environment is there."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.config.posargs import expand_posargs
from multirt.matrix import gil_hook
from multirt.matrix.commands import (
    OPTIONS,
    find_program,
    is_pytest,
    missing_module,
    with_report,
    writes_report,
)
from multirt.matrix.gil_hook import FILE, HOME
from multirt.matrix.model import CellState, GilReport
from multirt.matrix.processes import CELL, GRACE, CellCommand
from runtimes.subprocesses import signal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multirt.matrix.model import (
        CellEnvironment,
        CellPlan,
        CellReport,
        ProgressView,
        RunOptions,
        TestCase,
    )
    from multirt.matrix.processes import CommandResult, Processes

_HEAD = 1 << 20
_TAIL = 1 << 20
_LINE = 4096
# `tests/test_a.py ..F.s [ 40%]`, or a line that goes on from it, and the lines of `-v`.
_MARKS = re.compile(r"(?:\S+\.py\S* +)?([.FEsxX]+)(?: *\[ *\d+%\])?")
_VERBOSE = re.compile(r"\S+::.* (?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b.*")
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+) in (\S+)', re.MULTILINE)
_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\](?:python|pypy)\d)")


class CapturedOutput(Struct):
    """What one cell prints: its beginning and its end, and the tests that it told of.

    Attributes:
        tests: how many tests have ended, as far as pytest's own lines tell.
    """

    tests: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _lost: int = 0
    _line: str = ""
    _done: int = 0

    def add(self, data: bytes) -> list[str]:
        """Take what came, and return the lines that it completed."""
        capacity = _HEAD - len(self._head)
        self._head += data[:capacity]
        self._tail += data[capacity:]
        if len(self._tail) > 2 * _TAIL:
            self._lost += len(self._tail) - _TAIL
            del self._tail[:-_TAIL]
        *lines, rest = (self._line + data.decode("utf-8", "replace")).split("\n")
        self._line = rest[-_LINE:]
        self._done += sum(map(count_tests, lines))
        self.tests = self._done + count_tests(self._line)
        return lines

    @property
    def text(self) -> str:
        """All that was kept, with a line that says what was not."""
        head, tail = (bytes(part).decode("utf-8", "replace") for part in (self._head, self._tail))
        gap = f"\n[... {self._lost} bytes left out ...]\n" if self._lost else ""
        return head + gap + tail


def count_tests(line: str) -> int:
    """Return how many tests a line of pytest's progress tells of."""
    stripped = line.rstrip("\r ")
    if match := _MARKS.fullmatch(stripped):
        return len(match[1])
    return 1 if _VERBOSE.fullmatch(stripped) else 0


def crash_location(text: str) -> str | None:
    """Return where a process was when it crashed, from the fault handler's stack.

    The innermost frame outside the standard library and installed packages counts, which is the
    test; None when the output has no such stack.
    """
    start = text.rfind("Fatal Python error")
    if start < 0:
        return None
    for path, line, function in _FRAME.findall(text[start:]):
        if not _INSTALLED.search(path) and not path.startswith("<"):
            return f"{path}:{line} in {function}"
    return None


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
_KEPT = frozenset({"PYTHONWARNINGS", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED"})
_DROPPED = frozenset(
    {"VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__", "UV_PYTHON", "UV_PROJECT"}
)


def cell_environ(env: Mapping[str, str], patterns: Sequence[str] | None) -> dict[str, str]:
    """Return the user's variables for a cell, without what makes one Python act like another.

    Args:
        env: the user's environment.
        patterns: of the only ones to hand on; None for all.
    """
    clean = {
        name: value
        for name, value in env.items()
        if (not name.startswith("PYTHON") or name in _KEPT) and name not in _DROPPED
    }
    if patterns is None:
        return clean
    wanted = (*_ALWAYS, *patterns)
    return {
        name: value
        for name, value in clean.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    }


def bytecode_environ(version: tuple[int, int], folder: Path) -> dict[str, str]:
    """Return where bytecode goes when it may not lie next to the sources.

    To write none would make every run compile everything again.
    """
    if version < _PREFIX_SINCE:
        return {"PYTHONDONTWRITEBYTECODE": "1"}
    return {"PYTHONPYCACHEPREFIX": str(folder)}


_OUTPUT = 20_000  # characters of what a cell printed that a report keeps
_MOST_NOTES = 1 << 20  # bytes that are read: a line for each process
_IS_NAMED = "is it among the groups, extras or deps?"
_PYTEST_SAYS = {
    1: "tests failed",
    2: "pytest was interrupted or could not collect the tests",
    3: "pytest had an internal error",
    4: "pytest does not understand its options",
    5: "no tests were collected",
}


class Runner(Struct, frozen=True, kw_only=True):
    """Runs the commands of cells in one run.

    Attributes:
        root: the project.
        state: its folder in the cache.
        folder: of the run.
        env: the user's environment.
        options, processes, view: those of the run.
    """

    root: Path
    state: Path
    folder: Path
    env: Mapping[str, str]
    options: RunOptions
    processes: Processes
    view: ProgressView

    def run(self, plan: CellPlan) -> CellReport:
        """Run the commands of a cell up to the first that fails; its environment is made."""
        if plan.environment is None:
            return plan.report
        folder = self.folder / plan.name.replace(os.sep, "_")
        (folder / "tmp").mkdir(parents=True)
        self.view.step(plan.name, "testing")
        attempt = _Attempt(
            runner=self,
            plan=plan,
            environment=plan.environment,
            folder=folder,
            env=self._variables(plan, plan.environment, folder),
            limit=self.options.timeout or plan.timeout,
            start=time.monotonic(),
        )
        report = attempt.run()
        if self.options.cover:
            _keep_coverage(folder, self.folder)
        _remove(folder)  # a test may have filled the disk
        return report

    def _variables(self, plan: CellPlan, at: CellEnvironment, folder: Path) -> dict[str, str]:
        """Return the variables of a cell's commands."""
        env = cell_environ(self.env, plan.pass_env)
        env |= {
            "PATH": f"{at.scripts}{os.pathsep}{env.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": at.home,
            "TMPDIR": str(folder / "tmp"),
            "TEMP": str(folder / "tmp"),
            "TMP": str(folder / "tmp"),
            "COVERAGE_FILE": str(folder / ".coverage"),
            CELL: plan.name,
        }
        is_free = "PYTHONDONTWRITEBYTECODE" not in self.env and os.access(self.root, os.W_OK)
        if not is_free and plan.version is not None:
            env |= bytecode_environ(plan.version, self.state / "bytecode")
        env |= {name: _with_folders(text, at, folder) for name, text in plan.set_env.items()}
        return _watched(env, at.home, folder) if _is_free_threaded(plan) else env


class _Attempt(Struct, kw_only=True):
    """The commands of one cell, as they run one after the other."""

    runner: Runner
    plan: CellPlan
    environment: CellEnvironment
    folder: Path
    env: Mapping[str, str]
    limit: float | None
    start: float
    output: CapturedOutput = field(default_factory=CapturedOutput)
    cases: list[TestCase] | None = None
    left: int = 0

    def run(self) -> CellReport:
        """Run every command, and return the report of the cell."""
        state, reason, command = CellState.PASSED, None, None
        for number, arguments in enumerate(map(self._expanded, self.plan.commands)):
            state, reason = self._one(arguments, self.folder / f"junit-{number}.xml")
            if state is not CellState.PASSED:
                command = arguments
                break
        gil = _read_gil(self.folder) if _is_free_threaded(self.plan) else None
        if state is CellState.PASSED and self.plan.gil_off and _is_free_threaded(self.plan):
            state, reason = _judged_gil(gil)
        processes = "process was" if self.left == 1 else "processes were"
        warnings = (f"{self.left} {processes} left behind, and ended",) if self.left else ()
        return replace(
            self.plan.report,
            state=state,
            reason=reason,
            command=command,
            cases=tuple(self.cases) if self.cases is not None else None,
            seconds=round(time.monotonic() - self.start, 3),
            output="" if state is CellState.PASSED else self.output.text[-_OUTPUT:],
            warnings=(*self.plan.report.warnings, *warnings),
            gil=gil,
        )

    def _expanded(self, command: Sequence[str]) -> tuple[str, ...]:
        """Return a command as it is started."""
        options = self.runner.options
        arguments = expand_posargs(command, options.posargs)
        if options.cover:
            from multirt.matrix.commands import with_coverage

            arguments = with_coverage(arguments, self.plan.modules)
        return tuple(
            _with_folders(argument, self.environment, self.folder) for argument in arguments
        )

    def _one(self, arguments: tuple[str, ...], report: Path) -> tuple[CellState, str | None]:
        """Run one command, and say how it ended."""
        options = self.runner.options
        env = with_report(self.env, arguments, report)
        program = find_program(arguments[0], self.environment, env)
        if program is None:
            reason = f"no command {arguments[0]!r} in the environment: {_IS_NAMED}"
            return CellState.CANNOT_START, reason
        spent = time.monotonic() - self.start
        command = CellCommand(
            argv=(program, *arguments[1:]),
            cwd=self.runner.root,
            env=env,
            seconds=None if self.limit is None else max(0.001, self.limit - spent),
            grace=options.grace or self.plan.grace or GRACE,
        )
        try:
            ended = self.runner.processes.run(command, self._receive)
        except OSError as error:
            return CellState.CANNOT_START, f"cannot start {arguments[0]}: {error.strerror}"
        self.left += ended.left
        from multirt.matrix import junit_reader as junit  # 10 ms, while others run

        if (found := junit.read_junit(report, self.runner.root)) is not None:
            self.cases = [*(self.cases or []), *found]
        elif ended.code == 1 and (name := missing_module(arguments, self.output.text)):
            return CellState.CANNOT_START, f"no module {name!r} in the environment: {_IS_NAMED}"
        elif (
            _left_early(ended) and writes_report(arguments) and str(report) in env.get(OPTIONS, "")
        ):
            return (
                CellState.CRASHED,
                f"pytest ended before it was done, with exit code {ended.code}",
            )
        return self._judged(ended, arguments)

    def _receive(self, data: bytes) -> None:
        self.runner.view.lines(self.plan.name, self.output.add(data), self.output.tests)

    def _judged(
        self, ended: CommandResult, arguments: Sequence[str]
    ) -> tuple[CellState, str | None]:
        """Say what the end of a command means."""
        if ended.stopped:
            return CellState.INTERRUPTED, "interrupted"
        where = crash_location(self.output.text) if ended.timed_out or ended.code < 0 else None
        location = f", at {where}" if where else ""
        if ended.timed_out:
            return CellState.TIMEOUT, f"no end after {self.limit:g} s{location}"
        if ended.code < 0:
            return CellState.CRASHED, f"{signal_name(-ended.code)} (signal {-ended.code}){location}"
        if ended.code:
            says = _PYTEST_SAYS.get(ended.code) if is_pytest(arguments) else None
            return CellState.FAILED, says or f"exit code {ended.code}"
        return CellState.PASSED, None


def _is_free_threaded(plan: CellPlan) -> bool:
    return plan.report.runtime is not None and plan.report.runtime.free_threaded


def _judged_gil(gil: GilReport | None) -> tuple[CellState, str | None]:
    """Judge a cell whose commands passed, and which is to end with the GIL off."""
    if gil is None:
        return CellState.FAILED, "no Python of the commands told whether the GIL stayed off"
    if gil.enabled:
        return CellState.FAILED, f"the GIL was turned on by {gil.module or 'an option or variable'}"
    return CellState.PASSED, None


def _left_early(ended: CommandResult) -> bool:
    """Whether a pytest that wrote no report of its tests says that it ran them."""
    return ended.code in {0, 1} and not (ended.stopped or ended.timed_out)


def _with_folders(text: str, environment: CellEnvironment, folder: Path) -> str:
    """Return a word with the cell's own folders instead of what tox calls them."""
    return text.replace("{envtmpdir}", str(folder / "tmp")).replace("{envdir}", environment.home)


def _keep_coverage(cell: Path, folder: Path) -> None:
    """Move a cell's coverage data to where all of them are combined."""
    for number, data in enumerate(sorted(cell.glob(".coverage*"))):
        (folder / "coverage").mkdir(exist_ok=True)
        data.replace(folder / "coverage" / f".coverage.{cell.name}.{number}")


def _remove(folder: Path) -> None:
    """Remove a folder that tests wrote in, with what they made unreadable."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _watched(env: Mapping[str, str], home: str, folder: Path) -> dict[str, str]:
    """Return variables with which the Pythons of an environment note their GIL in a folder."""
    hook = folder / "gil"
    hook.mkdir()
    shutil.copyfile(Path(gil_hook.__file__), hook / "sitecustomize.py")
    path = os.pathsep.join(filter(None, (str(hook), env.get("PYTHONPATH"))))
    return {**env, "PYTHONPATH": path, FILE: str(folder / "gil.txt"), HOME: home}


def _read_gil(folder: Path) -> GilReport | None:
    """Return what the processes noted; None where none did, as under `python -I`."""
    try:
        with (folder / "gil.txt").open("rb") as stream:
            lines = stream.read(_MOST_NOTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    enabled = [line.partition(" ")[2] for line in lines if line.partition(" ")[0] == "on"]
    module = next(filter(None, enabled), None)
    return GilReport(enabled=bool(enabled), module=module)
