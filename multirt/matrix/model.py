"""The values of a matrix: what is configured, each cell of it, and what came of the cell."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from abi_probe import Artefact
    from multirt.matrix.states import State
    from runtimes import Runtime, RuntimeSpec

Command = tuple[str, ...]


class Package(StrEnum):
    """How the project gets into an environment, in tox's words."""

    WHEEL = "wheel"
    SDIST_WHEEL = "sdist-wheel"
    EDITABLE = "editable"
    DEPS_ONLY = "deps-only"
    SKIP = "skip"


class Missing(StrEnum):
    """What a runtime that is not here means."""

    ERROR = "error"
    SKIP = "skip"


class Needs(Struct, frozen=True, kw_only=True):
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


class Job(Struct, frozen=True, kw_only=True):
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
    """

    name: str | None
    runtimes: tuple[RuntimeSpec, ...] | None
    package: Package
    needs: Needs
    commands: tuple[Command, ...]
    set_env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] | None = None
    timeout: float | None = None
    grace: float | None = None


class Condition(Struct, frozen=True, kw_only=True):
    """When an exclusion or an override counts: all that it names must hold.

    Attributes:
        runtimes: one of them accepts the cell's; None for any.
        platforms: `sys.platform` of the runtime, as patterns; None for any.
        axes: name and the values that it may have.
    """

    runtimes: tuple[RuntimeSpec, ...] | None = None
    platforms: tuple[str, ...] | None = None
    axes: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Override(Struct, frozen=True, kw_only=True):
    """What is different where a condition holds.

    Attributes:
        when: the condition.
        needs: added to the cell's.
        commands: in place of the cell's; None to keep them.
        set_env: added to the cell's.
        timeout: in place of the cell's; None to keep it.
    """

    when: Condition
    needs: Needs
    commands: tuple[Command, ...] | None = None
    set_env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None


class Config(Struct, frozen=True, kw_only=True):
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
        own_wheel: runtimes that get a wheel of their own beside one for the stable ABI.
        build_runtime: what builds the first wheel; None for the newest that is to be tested.
        build_deps: requirements without a wheel are built from their sources.
        requires_python: as the project says it before it is built; None when it does not.
        notes: what was taken because nothing was said, one clause each.
    """

    root: Path
    name: str | None
    matrix: Job
    tasks: Mapping[str, Job] = field(default_factory=dict)
    axes: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    exclude: tuple[Condition, ...] = ()
    overrides: tuple[Override, ...] = ()
    missing: Missing = Missing.ERROR
    allow_fail: tuple[RuntimeSpec, ...] = ()
    own_wheel: tuple[RuntimeSpec, ...] = ()
    build_runtime: RuntimeSpec | None = None
    build_deps: bool = False
    requires_python: str | None = None
    notes: tuple[str, ...] = ()


class Cell(Struct, frozen=True, kw_only=True):
    """One runtime with one value of each axis.

    Attributes:
        name: unique in the matrix, `3.12`, `3.14t`, `3.12-django5.2`, `lint`.
        task: the task's name; None for the tests.
        asked: the runtime as it was written; `auto` when nothing was.
        runtime: None when it is not here.
        axes: name and value.
        package, needs, commands, set_env, pass_env, timeout, grace: as in `Job`, overrides applied.
        required: a reason against it fails the run; False for what `auto` found.
        may_fail: its failure does not count.
    """

    name: str
    task: str | None
    asked: str
    runtime: Runtime | None
    axes: tuple[tuple[str, str], ...]
    package: Package
    needs: Needs
    commands: tuple[Command, ...]
    set_env: Mapping[str, str]
    pass_env: tuple[str, ...] | None
    timeout: float | None
    required: bool
    may_fail: bool
    grace: float | None = None


class Wheel(Struct, frozen=True, kw_only=True):
    """One wheel under test.

    Attributes:
        path: the file.
        sha256: of it, hexadecimal.
        artefact: what it says and holds.
        modules: its top-level names, sorted.
        built_on: the id of the runtime that built it; None for one that was given.
        seconds: that building it took in this run; None when it was not built now.
    """

    path: Path
    sha256: str
    artefact: Artefact
    modules: tuple[str, ...]
    built_on: str | None
    seconds: float | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """A cell with what is known of it before anything of it runs.

    Attributes:
        cell: the cell.
        state: READY, or why it cannot be tested.
        wheel: what it tests; None when nothing is installed or nothing fits.
        same: its wheel is the first one, the one that most runtimes test.
        reason: why it is not ready; None when it is.
        hint: what would help; None when there is nothing to say.
        warnings: what may go wrong all the same.
    """

    cell: Cell
    state: State
    wheel: Wheel | None = None
    same: bool = False
    reason: str | None = None
    hint: str | None = None
    warnings: tuple[str, ...] = ()


class Excluded(Struct, frozen=True, kw_only=True):
    """A combination that the configuration leaves out, or a runtime that does not fit.

    Attributes:
        name: of the cell that it would be.
        reason: one clause.
    """

    name: str
    reason: str
