"""Turn a project's configuration into a `Config`, or take what its files suggest."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from multirt.config.posargs import POSARGS
from multirt.config.toml_table import TomlTable, nearest
from multirt.errors import ConfigError, ErrorKind, NothingRanError
from multirt.matrix.model import (
    Condition,
    Config,
    InstallMode,
    Job,
    MissingRuntimePolicy,
    Needs,
    Override,
)
from multirt.program.requirements import parse_requirement
from runtimes import RuntimeSpec, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from multirt.config.project import Project

_USUAL_GROUPS = ("test", "tests", "testing", "dev")
_PYTEST = (("python", "-m", "pytest", POSARGS),)
_AXIS = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_A = {"group": "a", "extra": "an"}


class _Gil(StrEnum):
    """What the GIL of a free-threaded build has to be in the end."""

    OFF = "off"


_RESERVED = frozenset({"runtime", "platform"})


def read_config(project: Project) -> Config:
    """Return what a project configures for `multirt matrix`.

    Raises:
        MultirtError: the configuration means nothing, or there is none and no tests are found.
    """
    return _ConfigReader(project).read(_table(project))


def _table(project: Project) -> TomlTable | None:
    """Return the table of the matrix, from the one file that has it."""
    tool = TomlTable(project.pyproject, "pyproject.toml: []").table("tool")
    ours = tool.table("multirt") if tool is not None else None
    here = ours.table("matrix") if ours is not None else None
    there = TomlTable(project.own, "multirt.toml: []").table("matrix")
    if "tool" in project.own:
        raise ConfigError(
            "multirt.toml: [tool.multirt] belongs into pyproject.toml",
            "this file is all multirt's: write [matrix] for [tool.multirt.matrix]",
        )
    if here is not None and there is not None:
        raise ConfigError(
            "both pyproject.toml and multirt.toml configure the matrix",
            "keep one of [tool.multirt.matrix] and [matrix]",
        )
    if here is not None:
        here.where = "pyproject.toml: [tool.multirt.matrix]"
    if there is not None:
        there.where = "multirt.toml: [matrix]"
    return here if here is not None else there


class _ConfigReader(msgspec.Struct):
    """Reads one project's tables; `notes` grows with what was taken unsaid."""

    project: Project

    def read(self, table: TomlTable | None) -> Config:
        notes: list[str] = []
        table = table if table is not None else TomlTable({}, "[tool.multirt.matrix]")
        axes = self._axes(table.table("axes"))
        names = [name for name, _ in axes]
        tasks = self._tasks(table.table("tasks"))
        if not tasks or any(key in table for key in ("commands", "groups", "runtimes")):
            matrix = self._matrix(table, notes)
        else:  # tasks only
            matrix = self._job(table, None, InstallMode.SKIP, ())
        metadata = self.project.metadata
        requires = metadata.get("requires-python")
        name = metadata.get("name")
        config = Config(
            root=self.project.root,
            name=_normalised(name) if isinstance(name, str) else None,
            matrix=matrix,
            tasks=tasks,
            axes=axes,
            exclude=tuple(_condition(each, names) for each in table.tables("exclude")),
            overrides=tuple(self._override(each, names) for each in table.tables("override")),
            missing=MissingRuntimePolicy(
                table.choice("missing", MissingRuntimePolicy) or MissingRuntimePolicy.ERROR
            ),
            allow_fail=_specs(table, "allow-fail") or (),
            own_wheel=_specs(table, "own-wheel") or (),
            build_runtime=_spec(table, "build-runtime"),
            build_deps=table.flag("build-deps"),
            requires_python=requires if isinstance(requires, str) else None,
            notes=tuple(notes),
        )
        table.finish()
        return config

    def _matrix(self, table: TomlTable, notes: list[str]) -> Job:
        """Read the tests, and take what is not given from what the project's files suggest."""
        package = InstallMode.WHEEL
        if "package" not in table and not self.project.can_be_built:
            package = InstallMode.SKIP
            notes.append("not installed, for nothing says how to build it: package = skip")
        configured = any(key in table for key in ("groups", "extras", "deps", "lock"))
        needs = Needs() if configured else self._usual_needs(notes)
        commands = _PYTEST
        if "commands" not in table:
            if not self.project.has_tests:
                raise NothingRanError(
                    f"no tests in {self.project.root}: no folder tests or test, no test_*.py",
                    'write commands = [["python", "-m", "pytest"]] into [tool.multirt.matrix]',
                    kind=ErrorKind.NO_TESTS,
                )
            notes.append("tested with python -m pytest, for no commands are configured")
        job = self._job(table, None, package, commands)
        if job.runtimes is None:
            notes.append("tested on all that is installed and fits, for no runtimes are configured")
        return job if configured else replace(job, needs=needs)

    def _usual_needs(self, notes: list[str]) -> Needs:
        """Take the group or extra that usually holds what tests need."""
        for name in _USUAL_GROUPS:
            if name in self.project.groups:
                notes.append(f"the tests require group {name}, for nothing else is configured")
                return Needs(requirements=self._group(name, "[dependency-groups]"))
            if name in self.project.extras:
                notes.append(f"the tests require extra {name}, for nothing else is configured")
                return Needs(extras=(name,))
        usual = ", ".join(_USUAL_GROUPS)
        notes.append(f"the tests require pytest, for there is no group or extra {usual}")
        return Needs(requirements=("pytest",))

    def _tasks(self, table: TomlTable | None) -> dict[str, Job]:
        """Read the jobs besides the tests."""
        if table is None:
            return {}
        tasks = {}
        for name, value in table.rest().items():
            part = table.part(name, value)
            job = self._job(part, name, InstallMode.SKIP, ())
            if not job.commands:
                raise part.error("commands", "is missing", 'write commands = [["..."]]')
            part.finish()
            tasks[name] = job
        return tasks

    def _job(
        self,
        table: TomlTable,
        name: str | None,
        package: InstallMode,
        commands: tuple[tuple[str, ...], ...],
    ) -> Job:
        chosen = table.choice("package", InstallMode)
        package = InstallMode(chosen) if chosen else package
        needs = self._needs(table)
        if needs.extras and package is InstallMode.SKIP:
            trouble = 'are of the project, which package = "skip" leaves out'
            raise table.error("extras", trouble, 'write package = "wheel"')
        return Job(
            name=name,
            runtimes=_runtimes(table),
            package=package,
            needs=needs,
            commands=table.commands("commands") or commands,
            set_env=table.variables("set-env"),
            pass_env=table.strings("pass-env"),
            timeout=table.seconds("timeout"),
            grace=table.seconds("grace"),
            gil_off=table.choice("gil", _Gil) is not None,
        )

    def _needs(self, table: TomlTable) -> Needs:
        groups = table.strings("groups") or ()
        requirements = [each for name in groups for each in self._group(name, table.where)]
        deps = table.strings("deps") or ()
        for each in deps:
            _check_requirement(each, table)
        extras = table.strings("extras") or ()
        known = self.project.extras
        for extra in extras:
            if known and _normalised(extra) not in map(_normalised, known):
                raise table.error("extras", *_unknown("extra", extra, known))
        lock = table.text("lock")
        return Needs(
            requirements=(*requirements, *deps),
            extras=extras,
            constraints=tuple(
                self._file(table, "constraints", each)
                for each in table.strings("constraints") or ()
            ),
            lock=self._file(table, "lock", lock) if lock is not None else None,
        )

    def _file(self, table: TomlTable, key: str, name: str) -> Path:
        path = self.project.root / name
        if not path.is_file():
            raise table.error(key, f"names a file that is not there: {name}")
        return path

    def _group(self, name: str, where: str) -> tuple[str, ...]:
        """Resolve a dependency group, with the groups that it includes."""
        from packaging.dependency_groups import resolve_dependency_groups

        groups = self.project.groups
        if _normalised(name) not in map(_normalised, groups):
            trouble, hint = _unknown("group", name, tuple(groups))
            raise ConfigError(f"{where}: groups {trouble}", hint)
        try:
            return resolve_dependency_groups(groups, name)
        except (ExceptionGroup, LookupError, TypeError, ValueError) as error:
            causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
            message = f"pyproject.toml: [dependency-groups] {name}: {causes[0]}"
            raise ConfigError(message) from error

    def _axes(
        self, table: TomlTable | None
    ) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
        """Read the named variables and the requirements that each value adds."""
        if table is None:
            return ()
        axes = []
        for name, value in table.rest().items():
            if not _AXIS.fullmatch(name) or name in _RESERVED:
                raise table.error(name, "cannot name an axis", "letters, digits, - and _")
            part = table.part(name, value)
            values = []
            for text in part.rest():
                deps = part.strings(text) or ()
                for each in deps:
                    _check_requirement(each, part)
                values.append((text, deps))
            if not values:
                raise table.error(name, "has no values", f'{name} = {{ "1.0" = ["..."] }}')
            axes.append((name, tuple(values)))
        return tuple(axes)

    def _override(self, table: TomlTable, axes: Iterable[str]) -> Override:
        when = table.table("when")
        if when is None:
            raise table.error("when", "is missing", 'write when = { runtime = "pypy" }')
        override = Override(
            when=_condition(when, axes),
            needs=self._needs(table),
            commands=table.commands("commands"),
            set_env=table.variables("set-env"),
            timeout=table.seconds("timeout"),
        )
        table.finish()
        return override


def _condition(table: TomlTable, axes: Iterable[str]) -> Condition:
    condition = Condition(
        runtimes=_specs(table, "runtime"),
        platforms=table.strings("platform"),
        axes=tuple((name, values) for name in axes if (values := table.strings(name)) is not None),
    )
    table.finish()
    return condition


def _runtimes(table: TomlTable) -> tuple[RuntimeSpec, ...] | None:
    """Return the runtimes of a job; None for `auto`, which stands alone."""
    strings = table.strings("runtimes")
    if strings is None or strings == ("auto",):
        return None
    if "auto" in strings:
        raise table.error("runtimes", "has auto together with others", 'write runtimes = ["auto"]')
    if not strings:
        raise table.error("runtimes", "is empty", 'write runtimes = ["auto"]')
    return _parsed(table, "runtimes", strings)


def _specs(table: TomlTable, key: str) -> tuple[RuntimeSpec, ...] | None:
    strings = table.strings(key)
    return None if strings is None else _parsed(table, key, strings)


def _spec(table: TomlTable, key: str) -> RuntimeSpec | None:
    text = table.text(key)
    return None if text is None else _parsed(table, key, (text,))[0]


def _parsed(table: TomlTable, key: str, strings: Iterable[str]) -> tuple[RuntimeSpec, ...]:
    try:
        return tuple(RuntimeSpec.parse(string, fork=True) for string in strings)
    except SpecError as error:
        raise table.error(key, f"has what is no runtime: {error}") from error


def _check_requirement(text: str, table: TomlTable) -> None:
    try:
        parse_requirement(text)
    except ValueError as error:
        first = str(error).splitlines()[0]
        message = f"{table.where}: {text!r} is no requirement: {first}"
        raise ConfigError(message, 'write "name>=1.2"') from error


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> tuple[str, str | None]:
    """Return the words for a name that does not exist, and what may have been meant."""
    near = nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"there is {', '.join(known) or 'none'}"
    return f"names {_A[kind]} {kind} that is not there: {name!r}", hint


def _normalised(name: str) -> str:
    """Return a name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
