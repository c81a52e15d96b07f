"""Say what has to be installed for a program, and which folders of packages count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe.distribution_name import normalize_name
from multirt.config import Note, NoteKind, Source
from multirt.config.requirements_txt import read_requirements
from multirt.errors import ErrorKind, UsageError
from multirt.program.requirements import parse_specifiers
from multirt.selection.virtualenv import VirtualEnvironment, find_environment, named_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.config import Configuration
    from multirt.environments import InstallRequest
    from multirt.program.model import Program
    from multirt.program.requirements import Requirement
    from multirt.selection.model import Request


class PackageSources(Struct, frozen=True, kw_only=True):
    """Where a program's packages come from.

    Attributes:
        environment: the virtual environment that it lives in; None when there is none.
        roots: folders of packages that are there.
        wanted: what will be installed; None for nothing.
        notes: what the user should know of them.
        read: files of requirements that were read.
    """

    environment: VirtualEnvironment | None
    roots: tuple[Path, ...]
    wanted: InstallRequest | None
    notes: tuple[Note, ...] = ()
    read: tuple[Path, ...] = ()


def find_package_sources(
    program: Program, configuration: Configuration, request: Request
) -> PackageSources:
    """Say where the packages of a program come from, and how they are installed.

    Raises:
        MultirtError: a folder or a file of requirements cannot be read.
    """
    listed = read_requirements(request.cwd / file for file in configuration.constraints)
    found = _needed(program, configuration, request, listed.lines)
    found = replace(found, read=listed.read)
    if found.wanted is None or not request.cli_settings.build:
        return found
    return replace(found, wanted=replace(found.wanted, build=True))


def _needed(
    program: Program, configuration: Configuration, request: Request, extra: Sequence[str]
) -> PackageSources:
    """Say where the packages of a program come from.

    Folders that the user names count first, then the environment that is active or near. What a
    script lists itself is installed for it where that environment does not hold it.

    Raises:
        MultirtError: a folder cannot be read.
    """
    requested = [each.value for each in configuration.requirements if each.source is Source.OPTION]
    listed = [each for each in configuration.requirements if each.source is not Source.OPTION]
    own = [each.value for each in listed if each.source is Source.PROGRAM]
    if configuration.sites is not None:
        roots = configuration.sites.value
        for root in roots:
            if not root.is_dir():
                raise UsageError(f"no such folder of packages: {root}", kind=ErrorKind.SITE)
        return PackageSources(environment=None, roots=roots, wanted=_wanted(requested, extra, ()))
    environment = _environment(program, configuration, request)
    if environment is not None and not (own and not _holds(environment, own)):
        wanted = _wanted(requested, extra, ())
        return PackageSources(environment=environment, roots=environment.roots, wanted=wanted)
    lock = _lock(program, configuration, own) if request.cli_settings.use_lock else None
    old = lock is not None and not own and _is_older(lock, lock.with_name("pyproject.toml"))
    if lock is not None and not (requested or extra or old):
        from multirt.environments import InstallRequest  # 30 ms, where something is to be installed

        locked = InstallRequest(
            lock=lock,
            requirements=tuple(str(each.value) for each in listed),  # to tell an old lock
            editable=configuration.editable,
        )
        return PackageSources(environment=None, roots=(), wanted=locked)
    everything = [each.value for each in configuration.requirements]
    wanted = _wanted(everything, extra, configuration.editable)
    if wanted is not None and own and program.uv:
        from multirt.environments import apply_tool_uv

        wanted = apply_tool_uv(wanted, program.uv, program.title, start_of(program, request.cwd))
    kind = NoteKind.LOCK_OLD if old else NoteKind.LOCK_INCOMPLETE
    notes = (Note(kind=kind, facts=(lock.name,)),) if lock else ()
    return PackageSources(environment=None, roots=(), wanted=wanted, notes=notes)


def _environment(
    program: Program, configuration: Configuration, request: Request
) -> VirtualEnvironment | None:
    named = named_environment(configuration.specs)
    if named is not None or request.cli_settings.isolated:
        return named
    return find_environment(start_of(program, request.cwd), request.search.env)


def start_of(program: Program, cwd: Path) -> Path:
    """Return the folder of a program, with links followed."""
    if program.script is None:
        return cwd
    real = Path(os.path.realpath(program.script))
    return real if real.is_dir() else real.parent


def _lock(
    program: Program, configuration: Configuration, own: Sequence[Requirement]
) -> Path | None:
    """Return the lock of a script's own requirements, or of its project's; None without one."""
    if own:
        from multirt.environments import lock_of

        return lock_of(program.script) if program.script is not None else None
    return next((path for path in project_locks(configuration) if path.is_file()), None)


def project_locks(configuration: Configuration) -> tuple[Path, ...]:
    """Return where the lock of the project would count whose requirements a program has."""
    listed = [each for each in configuration.requirements if each.source is not Source.OPTION]
    if not listed or any(each.source is not Source.PROJECT for each in listed):
        return ()
    origins = dict.fromkeys(each.origin for each in listed)
    from multirt.environments import PROJECT_LOCKS

    return tuple(Path(origin).with_name(name) for origin in origins for name in PROJECT_LOCKS)


def _is_older(file: Path, other: Path) -> bool:
    """Return whether a file was written before another one."""
    return file.stat().st_mtime_ns < other.stat().st_mtime_ns


def _wanted(
    requirements: Sequence[Requirement], extra: Sequence[str], editable: tuple[Path, ...]
) -> InstallRequest | None:
    lines = tuple(dict.fromkeys([*map(str, requirements), *extra]))
    if not lines and not editable:
        return None
    from multirt.environments import InstallRequest

    return InstallRequest(requirements=lines, editable=editable)


def _holds(environment: VirtualEnvironment, requirements: Iterable[Requirement]) -> bool:
    """Whether an environment has what a script lists; conditions count as met."""
    from importlib.metadata import distributions  # 20 ms, where something is listed

    path = [str(root) for root in environment.roots]
    versions = {normalize_name(each.name or ""): each.version for each in distributions(path=path)}
    return all(
        (version := versions.get(normalize_name(each.name))) is not None
        and parse_specifiers(each.versions).contains(version, prereleases=True)
        for each in requirements
    )


def locks_looked_for(program: Program, configuration: Configuration) -> tuple[Path, ...]:
    """Return where the lock of a script or project would count."""
    script = program.script
    if script is None or not program.dependencies:
        return project_locks(configuration)
    from multirt.environments import lock_name

    return (script.with_name(lock_name(script)), script.with_name(f"{script.name}.lock"))
