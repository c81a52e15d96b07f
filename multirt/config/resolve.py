"""Gather the settings of one start: command line > environment > program > project > user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.config.files import PINS, ReadFiles, pinned, read_text, read_toml, uv_global_pin
from multirt.config.model import Configuration, Note, NoteKind, Prefer, Setting, Source
from multirt.config.project import ProgramProject, read_program_project
from multirt.config.toml_table import Table, read_table
from multirt.errors import UsageError
from multirt.program.model import ProgramKind
from runtimes import RuntimeSpec, SpecError, read_version_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from multirt.program.model import Program
    from multirt.program.requirements import Requirement

_MICROS = range(50)  # no minor version has had more releases than 20
# What the user asks for directly is not set aside: the answer is then that nothing fits.
_DIRECT = frozenset({Source.OPTION, Source.VARIABLE})


def resolve_conflicts(configuration: Configuration) -> Configuration:
    """Set aside a file's pin that the program's own requirement rules out, and say so.

    The requirement is the stricter of the two: it says where the program works at all, the pin
    what the user prefers. Alternatives that can hold are kept.
    """
    pinned = configuration.runtimes
    if pinned is None or pinned.source in _DIRECT:
        return configuration
    kept = pinned.value
    notes = []
    for wanted in configuration.requires:
        ruled_out = [spec for spec in kept if not _can_meet(spec, wanted.value)]
        kept = tuple(spec for spec in kept if spec not in ruled_out)
        if ruled_out:
            specs = ", ".join(map(str, ruled_out))
            facts = (pinned.origin, specs, wanted.origin, str(wanted.value))
            notes.append(Note(kind=NoteKind.PIN_RULED_OUT, facts=facts))
    return replace(
        configuration,
        runtimes=replace(pinned, value=kept) if kept else None,
        notes=(*configuration.notes, *notes),
    )


def _can_meet(spec: RuntimeSpec, wanted: SpecifierSet) -> bool:
    """Whether any version that a spec names is one that is required."""
    if len(spec.release) < 2:  # noqa: PLR2004 - a major version alone leaves nearly all open
        return True
    release = ".".join(map(str, spec.release))
    if len(spec.release) > 2:  # noqa: PLR2004 - major, minor, micro
        return wanted.contains(release)
    return any(wanted.contains(f"{release}.{micro}") for micro in _MICROS)


T = TypeVar("T")
_VARIABLES = ("MULTIRT_PYTHON", "PYENV_ROOT", "XDG_CONFIG_HOME")


class CliSettings(Struct, frozen=True, kw_only=True):
    """What the command line asks for.

    Attributes:
        specs: acceptable runtimes in order of preference; empty for any.
        implementation: the only one wanted; None for any.
        prefer: what comes first; None when it was not given.
        margin: percent by which the fastest has to be faster; None when it was not given.
        allow_prerelease: pre-releases are as good as releases.
        sites: folders of packages; empty when none were named.
        whole_site: all that is installed counts.
        requirements: to be installed for this start.
        requirement_files: files of requirements to be installed for this start.
        build: what has no wheel is built from its sources.
        project: the folder whose project counts; None for the nearest.
        use_project: a project counts.
        use_config: settings in files count.
        isolated: nothing counts but the command line and the program.
        python_args: arguments for the interpreter, instead of those of the script's first line.
        use_lock: the lock file of a script or project counts.
        use_pins: files in which other tools pin a Python count.
        allowed: causes whose objections are overridden: they only warn.
    """

    specs: tuple[RuntimeSpec, ...] = ()
    implementation: str | None = None
    prefer: Prefer | None = None
    margin: int | None = None
    allow_prerelease: bool = False
    sites: tuple[Path, ...] = ()
    whole_site: bool = False
    requirements: tuple[Requirement, ...] = ()
    requirement_files: tuple[Path, ...] = ()
    build: bool = False
    project: Path | None = None
    use_project: bool = True
    use_config: bool = True
    isolated: bool = False
    use_lock: bool = True
    use_pins: bool = True
    python_args: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()


class ConfigContext(Struct, frozen=True, kw_only=True):
    """Where settings are looked for.

    Attributes:
        cwd: the folder of the start.
        env: the user's environment.
        user_config: the user's own file, which need not be there; None for none.
    """

    cwd: Path
    env: Mapping[str, str]
    user_config: Path | None = None


def configure(program: Program, cli_settings: CliSettings, context: ConfigContext) -> Configuration:
    """Return all that is asked for.

    Raises:
        MultirtError: a file of settings is wrong; the message names it.
    """
    gathering = _Collector(
        program=program,
        cli_settings=cli_settings,
        context=context,
        start=_start(program, cli_settings, context),
    )
    return resolve_conflicts(gathering.configuration())


class _Collector(Struct, frozen=True, kw_only=True):
    """One start, and what was looked at for it.

    Attributes:
        start: the folder from which files are looked for, upwards.
        looked: files that were read, and those that were not there.
        notes: pins that do not count.
    """

    program: Program
    cli_settings: CliSettings
    context: ConfigContext
    start: Path
    looked: ReadFiles = field(default_factory=ReadFiles)
    notes: list[Note] = field(default_factory=list)

    def configuration(self) -> Configuration:
        """Return the settings of all sources, the strongest first."""
        program, cli_settings = self.program, self.cli_settings
        project = self._project()
        tables = list(self._tables(project))
        own = program.settings is not None or program.declared or program.requires_python
        counting = None if own else project  # a script with a block says it all itself
        runtimes, shebang_spec = self._runtimes(tables)
        return Configuration(
            runtimes=runtimes,
            shebang_spec=shebang_spec,
            implementation=_setting(cli_settings.implementation, "--implementation")
            or _first(table.implementation for table in tables),
            requires=tuple(_requires(program, counting)),
            needs=next((table.needs for table in tables if table.needs), ()),
            sites=_setting(cli_settings.sites or None, "--site")
            or _first(table.sites for table in tables),
            imports=tuple(name for table in tables for name in table.imports),
            prefer=_setting(cli_settings.prefer, "--prefer")
            or _first(table.prefer for table in tables),
            margin=_setting(cli_settings.margin, "--fastest-margin")
            or _first(table.margin for table in tables),
            allow_prerelease=_setting(cli_settings.allow_prerelease or None, "--allow-prerelease")
            or _first(table.allow_prerelease for table in tables),
            whole_site=_setting(cli_settings.whole_site or None, "--whole-site")
            or _first(table.whole_site for table in tables),
            requirements=tuple(_requirements(program, cli_settings, counting)),
            constraints=cli_settings.requirement_files,
            editable=_editable(program, counting),
            notes=tuple(self.notes),
            read=tuple(self.looked.read),
            absent=tuple(self.looked.absent),
            variables=() if cli_settings.isolated else _VARIABLES,
        )

    def _project(self) -> ProgramProject | None:
        if self.cli_settings.isolated or not self.cli_settings.use_project:
            return None
        path = self.looked.nearest("pyproject.toml", self.start)
        return read_program_project(path) if path is not None else None

    def _tables(self, project: ProgramProject | None) -> Iterator[Table]:
        """Yield the tables of settings, the one that counts most first."""
        program, user = self.program, self.context.user_config
        if program.settings is not None:
            origin = f"[tool.multirt] of {program.title}"
            folder = program.folder or self.context.cwd
            yield read_table(program.settings, Source.PROGRAM, origin, folder)
        if self.cli_settings.isolated or not self.cli_settings.use_config:
            return
        if project is not None and project.settings is not None:
            origin = f"{project.path} [tool.multirt]"
            yield read_table(project.settings, Source.PROJECT, origin, project.path.parent)
        path = (
            self.looked.nearest("multirt.toml", self.start)
            if self.cli_settings.use_project
            else None
        )
        if path is not None:
            yield read_table(read_toml(path), Source.PROJECT, str(path), path.parent)
        if user is not None and self.looked.there(user):
            yield read_table(read_toml(user), Source.USER, str(user), user.parent)

    def _runtimes(
        self, tables: Sequence[Table]
    ) -> tuple[Setting[tuple[RuntimeSpec, ...]] | None, Setting[RuntimeSpec] | None]:
        """Return the runtimes that a setting names, else the one that the first line names."""
        variable = self.context.env.get("MULTIRT_PYTHON")
        if self.cli_settings.specs:
            return _setting(self.cli_settings.specs, "--python"), None
        if variable and not self.cli_settings.isolated:
            spec = RuntimeSpec.parse(variable, fork=True)
            origin = "MULTIRT_PYTHON"
            return Setting(value=(spec,), source=Source.VARIABLE, origin=origin), None
        of_script = 1 if self.program.settings is not None else 0
        own = _first(table.runtimes for table in tables[:of_script])
        shebang_spec = _shebang_spec(self.program) if own is None else None
        if own is not None or shebang_spec is not None:
            return own, shebang_spec
        pinned_runtimes = [
            table.runtimes for table in tables[of_script:] if table.runtimes is not None
        ]
        of_project = next(
            (each for each in pinned_runtimes if each.source is not Source.USER), None
        )
        pin = (
            of_project
            or self._nearest_pin()
            or next(iter(pinned_runtimes), None)
            or self._global_pin()
        )
        return pin, None

    def _nearest_pin(self) -> Setting[tuple[RuntimeSpec, ...]] | None:
        """Return what the nearest file of another tool pins."""
        if self.cli_settings.isolated or not self.cli_settings.use_project:
            return None
        paths = (folder / name for folder in (self.start, *self.start.parents) for name in PINS)
        return _first(self._pin(path) for path in paths if self.looked.there(path))

    def _global_pin(self) -> Setting[tuple[RuntimeSpec, ...]] | None:
        """Return what the user pins for all folders."""
        if self.cli_settings.isolated or not self.cli_settings.use_config:
            return None
        path = uv_global_pin(self.context.env)
        return self._pin(path) if self.looked.there(path) else None

    def _pin(self, path: Path) -> Setting[tuple[RuntimeSpec, ...]] | None:
        """Return the runtimes that a file pins; None where it names none of this machine."""
        try:
            found = read_version_file(pinned(path.name, read_text(path)), self._pyenv_versions())
        except ValueError as error:
            facts = (str(path), str(error))
            self.notes.append(Note(kind=NoteKind.PIN_INVALID, facts=facts))
            return None
        absent = () if self.cli_settings.use_pins else map(str, found.specs)
        self.notes.extend(
            Note(kind=NoteKind.PIN_UNKNOWN, facts=(str(path), name))
            for name in (*absent, *found.unknown)
        )
        for each in found.looked:
            self.looked.there(each)
        if not found.specs or not self.cli_settings.use_pins:
            return None
        return Setting(value=found.specs, source=Source.PIN, origin=str(path))

    def _pyenv_versions(self) -> Path:
        """Return the folder of pyenv's versions, which need not be there."""
        env = self.context.env
        root = env.get("PYENV_ROOT")
        return (Path(root) if root else Path(env.get("HOME", "/"), ".pyenv")) / "versions"


def _start(program: Program, cli_settings: CliSettings, context: ConfigContext) -> Path:
    """Return the folder from which files are looked for, upwards."""
    if cli_settings.project is not None:
        folder = context.cwd / cli_settings.project
        if not folder.is_dir():
            raise UsageError(f"--project: no such folder: {folder}")
        return Path(os.path.abspath(folder))  # noqa: PTH100 - keeps links
    if program.script is not None:
        # A script that is reached by a link belongs where its own file lies.
        real = Path(os.path.realpath(program.script))
        return real if real.is_dir() else real.parent
    return context.cwd


def _shebang_spec(program: Program) -> Setting[RuntimeSpec] | None:
    """Return the spec of the interpreter that a first line names; plain `python` says nothing."""
    if program.interpreter in (None, "python"):
        return None
    try:
        spec = RuntimeSpec.parse(str(program.interpreter))
    except SpecError:
        return None
    origin = f"the first line of {program.title}"
    return Setting(value=spec, source=Source.PROGRAM, origin=origin)


def _requires(program: Program, project: ProgramProject | None) -> Iterator[Setting[SpecifierSet]]:
    if program.requires_python is not None:
        yield _of_program(program.requires_python, program)
    if project is not None and project.requires_python is not None:
        yield _of_project(project.requires_python, project)


def _requirements(
    program: Program, cli_settings: CliSettings, project: ProgramProject | None
) -> Iterator[Setting[Requirement]]:
    for each in program.dependencies:
        yield _of_program(each, program)
    for each in cli_settings.requirements:
        yield Setting(value=each, source=Source.OPTION, origin="--with")
    if project is not None and _belongs(program, project):
        for each in project.dependencies:
            yield _of_project(each, project)


def _belongs(program: Program, project: ProgramProject) -> bool:
    """Whether a program is part of a project, so that what that needs is needed."""
    match program.entry.kind:
        case ProgramKind.COMMAND:
            return program.entry.text in project.commands
        case ProgramKind.MODULE:
            top = program.entry.text.partition(".")[0]
            root = project.path.parent
            return bool(program.sources) or any(
                (root / folder / name).exists()
                for folder in (".", "src")
                for name in (top, f"{top}.py")
            )
        case ProgramKind.SCRIPT | ProgramKind.FOLDER:
            return True
        case ProgramKind.CODE | ProgramKind.STDIN | ProgramKind.INTERPRETER:
            return False


def _editable(program: Program, project: ProgramProject | None) -> tuple[Path, ...]:
    """Return the project, where the program can be started only when that is installed."""
    if project is None or not project.buildable or not _belongs(program, project):
        return ()
    kind, local = program.entry.kind, bool(program.sources)
    if kind is ProgramKind.COMMAND or (kind is ProgramKind.MODULE and not local):
        return (project.path.parent,)
    return ()


def _setting(value: T | None, option: str) -> Setting[T] | None:
    if value is None:
        return None
    return Setting(value=value, source=Source.OPTION, origin=option)


def _of_program(value: T, program: Program) -> Setting[T]:
    return Setting(value=value, source=Source.PROGRAM, origin=program.title)


def _of_project(value: T, project: ProgramProject) -> Setting[T]:
    return Setting(value=value, source=Source.PROJECT, origin=str(project.path))


def _first(settings: Iterator[Setting[T] | None]) -> Setting[T] | None:
    """Return the setting of the strongest source."""
    return next((each for each in settings if each is not None), None)
