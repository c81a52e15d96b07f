"""The values of a matrix: its configuration, its cells, their plans and their results."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from abi_probe import Objection  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from abi_probe import Artifact
    from runtimes import Runtime, RuntimeSpec

Command = tuple[str, ...]


class InstallMode(StrEnum):
    """How the project gets into an environment, in tox's words."""

    WHEEL = "wheel"
    SDIST_WHEEL = "sdist-wheel"
    EDITABLE = "editable"
    DEPS_ONLY = "deps-only"
    SKIP = "skip"


class MissingRuntimePolicy(StrEnum):
    """What a runtime that is not here means."""

    ERROR = "error"
    SKIP = "skip"


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment holds besides the project.

    Attributes:
        requirements: dependency groups already resolved, and `deps`.
        extras: of the project.
        constraints: files, absolute.
        lock: a lock file (PEP 751), absolute; None when each runtime is resolved on its own.
    """

    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    constraints: tuple[Path, ...] = ()
    lock: Path | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is done on each runtime: the tests, or one of the tasks.

    Attributes:
        name: of the task; None for the matrix itself.
        runtimes: in their order; None for every runtime that fits.
        package: how the project gets in.
        needs: what else does.
        commands: each a list of words; the words after `--` come in for `{posargs}`, or
            `{posargs:DEFAULT}`.
        set_env: variables to set.
        pass_env: the only variables of the user to hand on, as patterns; None for all.
        timeout: in seconds, for all commands of a cell together; None for no limit.
        grace: seconds that an interrupted command has to clean up; None for the usual ones.
        gil_off: a free-threaded build that ends with the GIL on fails.
    """

    name: str | None
    runtimes: tuple[RuntimeSpec, ...] | None
    package: InstallMode
    needs: Needs
    commands: tuple[Command, ...]
    set_env: Mapping[str, str] = msgspec.field(default_factory=dict)
    pass_env: tuple[str, ...] | None = None
    timeout: float | None = None
    grace: float | None = None
    gil_off: bool = False


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """When an exclusion or an override counts: all that it names must hold.

    Attributes:
        runtimes: one of them accepts the cell's; None for any.
        platforms: `sys.platform` of the runtime, as patterns; None for any.
        axes: name and the values that it may have.
    """

    runtimes: tuple[RuntimeSpec, ...] | None = None
    platforms: tuple[str, ...] | None = None
    axes: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What is different where a condition holds.

    Attributes:
        when: the condition.
        needs: added to the cell's.
        commands: instead of the cell's; None to keep them.
        set_env: added to the cell's.
        timeout: instead of the cell's; None to keep it.
    """

    when: Condition
    needs: Needs
    commands: tuple[Command, ...] | None = None
    set_env: Mapping[str, str] = msgspec.field(default_factory=dict)
    timeout: float | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All that is configured, or taken where nothing is.

    Attributes:
        root: the project's folder.
        name: of the project, normalised; None where it is not known before it is built.
        matrix: the tests.
        tasks: by name.
        axes: name, then each value and the requirements that it adds.
        exclude: combinations that are not run.
        overrides: in their order.
        missing: what a runtime that is not here means.
        allow_fail: runtimes whose failure does not count.
        own_wheel: runtimes that get their own wheel in addition to one for the stable ABI.
        build_runtime: what builds the first wheel; None for the newest that is to be tested.
        build_deps: requirements without a wheel are built from their sources.
        requires_python: as the project says it before it is built; None when it does not.
        notes: what was taken because nothing was given, one clause each.
    """

    root: Path
    name: str | None
    matrix: Job
    tasks: Mapping[str, Job] = msgspec.field(default_factory=dict)
    axes: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    exclude: tuple[Condition, ...] = ()
    overrides: tuple[Override, ...] = ()
    missing: MissingRuntimePolicy = MissingRuntimePolicy.ERROR
    allow_fail: tuple[RuntimeSpec, ...] = ()
    own_wheel: tuple[RuntimeSpec, ...] = ()
    build_runtime: RuntimeSpec | None = None
    build_deps: bool = False
    requires_python: str | None = None
    notes: tuple[str, ...] = ()


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime with one value of each axis.

    Attributes:
        name: unique in the matrix, `3.12`, `3.14t`, `3.12-django5.2`, `lint`.
        task: the task's name; None for the tests.
        asked: the runtime as it was written; `auto` when nothing was.
        runtime: None when it is not here.
        axes: name and value.
        package, needs, commands, set_env, pass_env, timeout, grace, gil_off: as in `Job`, overrides
            applied.
        required: a reason against it fails the run; False for what `auto` found.
        may_fail: its failure does not count.
    """

    name: str
    task: str | None
    asked: str
    runtime: Runtime | None
    axes: tuple[tuple[str, str], ...]
    package: InstallMode
    needs: Needs
    commands: tuple[Command, ...]
    set_env: Mapping[str, str]
    pass_env: tuple[str, ...] | None
    timeout: float | None
    required: bool
    may_fail: bool
    grace: float | None = None
    gil_off: bool = False


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """One wheel under test.

    Attributes:
        path: the file.
        sha256: of it, hexadecimal.
        artifact: what it says and holds.
        modules: its top-level names, sorted.
        built_on: the id of the runtime that built it; None for one that was given.
        seconds: that building it took in this run; None when it was not built now.
    """

    path: Path
    sha256: str
    artifact: Artifact
    modules: tuple[str, ...]
    built_on: str | None
    seconds: float | None = None


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """A combination that the configuration leaves out, or a runtime that does not fit.

    Attributes:
        name: of the cell that it would be.
        reason: one clause, the same for all that it is true of.
        runtime: its id; None when it is not here.
    """

    name: str
    reason: str
    runtime: str | None = None


class CellState(StrEnum):
    """What is known of a cell, or became of it."""

    READY = "ready"
    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    CANNOT_START = "cannot start"
    BLOCKED = "blocked"
    BROKEN_PROMISE = "broken promise"
    MISSING = "missing"
    SKIPPED = "skipped"  # not here, and `missing = "skip"`
    BUILD_FAILED = "build failed"
    UNRESOLVED = "unresolved"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not run"  # another failed, and `-x` was given


TESTS_FAILED = frozenset({CellState.FAILED, CellState.CRASHED, CellState.TIMEOUT})
UNMET = frozenset({CellState.MISSING, CellState.BLOCKED})
NOT_MADE = frozenset({CellState.BUILD_FAILED, CellState.UNRESOLVED, CellState.CANNOT_START})
TROUBLE = TESTS_FAILED | UNMET | NOT_MADE | {CellState.BROKEN_PROMISE}
RAN = TESTS_FAILED | {CellState.PASSED, CellState.READY}  # ready is all that `sync` wants


class TestOutcome(StrEnum):
    """The outcome of one test."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # not the test itself, but what it depends on
    SKIPPED = "skipped"
    XFAILED = "xfailed"  # it was expected to fail


BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


class TestCase(msgspec.Struct, frozen=True, kw_only=True):
    """One test on one runtime.

    Attributes:
        id: as pytest takes it, `tests/test_a.py::test_b[1]`.
        outcome: its outcome.
        seconds: that it took.
        message: one line; empty for a test that passed.
        text: what pytest shows of it; empty for a test that passed.
    """

    id: str
    outcome: TestOutcome
    seconds: float = 0.0
    message: str = ""
    text: str = ""


class GilReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a free-threaded build ended with the GIL on.

    Attributes:
        enabled: it was on in some process of the commands.
        module: the extension module that turned it on; None when none did.
    """

    enabled: bool
    module: str | None = None


class WheelReport(msgspec.Struct, frozen=True, kw_only=True):
    """One wheel under test, as reports name it.

    Attributes:
        file: its name.
        sha256: of it, hexadecimal.
        tags: sorted.
        built_on: the id of the runtime that built it; None for one that was given.
        seconds: that building it took in this run; None when it was not built now.
    """

    file: str
    sha256: str
    tags: tuple[str, ...]
    built_on: str | None
    seconds: float | None


class CellRuntime(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime, as far as a result depends on it."""

    id: str
    implementation: str
    implementation_version: str
    version: str
    soabi: str | None
    debug: bool
    free_threaded: bool
    platform: str
    executable: str


class CellReport(msgspec.Struct, frozen=True, kw_only=True, rename={"cases": "tests"}):
    """What is known of a cell: before its commands run, and afterwards.

    Attributes:
        name, task, asked, axes, required, may_fail: as in `Cell`.
        runtime: None when it is not here.
        state: READY, or why it cannot be tested; in the end its result.
        reason: why it is not ready or did not pass, one clause; None otherwise.
        hint: what would help; None when nothing is known to.
        objection: what rules out a cell that cannot be tested; None where nothing does.
        wheel: the SHA-256 of the wheel that it tests; None when none is installed.
        same: its wheel is the first one, the one that most runtimes test.
        cases: every test; None where they were not counted, as for a command that is not pytest.
        setup: seconds for its environment.
        seconds: for its commands.
        reused: its environment was there already.
        command: the one that failed; None when none did.
        output: the end of what its commands printed; empty for one that passed.
        installed: the version of every distribution by its name, the project's too.
        warnings: what may go wrong, or did, without being its result.
        takes_posargs: some command of it takes the words after `--`.
        gil: of a free-threaded build; None for another, and where no command told.
    """

    name: str
    task: str | None
    asked: str
    runtime: CellRuntime | None
    axes: dict[str, str]
    state: CellState
    reason: str | None
    hint: str | None
    required: bool
    may_fail: bool
    wheel: str | None
    same: bool
    cases: tuple[TestCase, ...] | None
    setup: float
    seconds: float
    reused: bool
    command: tuple[str, ...] | None
    output: str
    installed: dict[str, str]
    warnings: tuple[str, ...]
    takes_posargs: bool = False
    gil: GilReport | None = None
    objection: Objection | None = None

    @property
    def is_empty(self) -> bool:
        """Whether pytest ran and found no test."""
        return self.state is CellState.FAILED and self.cases == ()

    @property
    def tests_explain(self) -> bool:
        """Whether its failing tests say all of what went wrong."""
        return self.state is CellState.FAILED and bool(self.count(*BAD))

    def count(self, *outcomes: TestOutcome) -> int | None:
        """Return how many tests had one of some outcomes; None where they were not counted."""
        if self.cases is None:
            return None
        return sum(case.outcome in outcomes for case in self.cases)


class MatrixReport(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a matrix.

    Attributes:
        project: its name, or its folder's where it has none.
        wheels: the one that most runtimes test first.
        cells: of every cell that was selected, in their order.
        excluded: what was left out.
        notes: what was taken because nothing was configured, and what to know.
        seconds: from start to end.
        interrupted: the user ended it.
        posargs: the words that went to the tests.
        arguments: the options that decide what a cell does, as they were given.
    """

    project: str
    wheels: tuple[WheelReport, ...]
    cells: tuple[CellReport, ...]
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False
    posargs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class CellEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Where the commands of a cell run.

    Attributes:
        home, python, scripts: paths, as in `Built`.
        local: what stands for the wheel under test in it.
    """

    home: str
    python: str
    scripts: str
    local: tuple[str, ...] = ()


class CellPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All that running a cell takes.

    Attributes:
        report: what is known of the cell so far.
        commands, set_env, pass_env, timeout, grace, gil_off: as in `Job`.
        version: of the language; None where the runtime is not here.
        modules: top-level names of the wheel under test.
        environment: None before it is made, and where the cell cannot be tested.
        took: seconds of its commands the last time; None when that is not known.
    """

    report: CellReport
    commands: tuple[tuple[str, ...], ...]
    set_env: dict[str, str]
    pass_env: tuple[str, ...] | None
    timeout: float | None
    grace: float | None
    gil_off: bool
    version: tuple[int, int] | None
    modules: tuple[str, ...] = ()
    environment: CellEnvironment | None = None
    took: float | None = None

    @property
    def name(self) -> str:
        """The cell's name."""
        return self.report.name


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is done.

    Attributes:
        jobs: cells at a time.
        fail_fast: nothing more begins after the first trouble.
        wheels: built elsewhere, to be tested instead of one that is built.
        posargs: for the commands, instead of `{posargs}`.
        timeout: seconds for each cell; None for what is configured.
        grace: seconds that an interrupted command has to clean up; None for what is configured.
        cover: measure coverage.
        test: run the commands; else only make the environments.
    """

    jobs: int
    fail_fast: bool = False
    wheels: tuple[Path, ...] = ()
    posargs: tuple[str, ...] = ()
    timeout: float | None = None
    grace: float | None = None
    cover: bool = False
    test: bool = True


class ProgressView(Protocol):
    """Shows a run while it goes on.

    Its methods are called from several threads; cells go by their names.
    """

    def say(self, message: str) -> None:
        """Show what is done now, for all cells."""

    def step(self, cell: str, step: str) -> None:
        """Show what is done for a cell."""

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        """Show what a cell printed, and how many of its tests ended."""

    def finished(self, report: CellReport) -> None:
        """Show the result of a cell."""


class NullView:
    """A view that shows nothing."""

    def say(self, message: str) -> None:
        """Do nothing."""

    def step(self, cell: str, step: str) -> None:
        """Do nothing."""

    def lines(self, cell: str, lines: Sequence[str], tests: int) -> None:
        """Do nothing."""

    def finished(self, report: CellReport) -> None:
        """Do nothing."""
