"""Judge every runtime of the machine for a program, and choose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.config import ConfigContext, Note, NoteKind, Source, configure
from multirt.config.project import read_program_project
from multirt.errors import ErrorKind, ProgramError, UsageError
from multirt.program import read_program
from multirt.program.model import EntryPoint, Import, ProgramKind
from multirt.selection.console_script import (
    ConsoleScript,
    find_command,
    interpreter_options,
    suggest_command,
)
from multirt.selection.evaluate import Evaluator, choose
from multirt.selection.import_checks import stdlib_only_names
from multirt.selection.lazy_discovery import add_explicit_paths, is_final, steps
from multirt.selection.model import Decision, EvaluationContext, Request
from multirt.selection.no_match import is_other
from multirt.selection.package_sources import (
    PackageSources,
    find_package_sources,
    locks_looked_for,
    start_of,
)
from multirt.selection.ranking import apply_history, wants_fastest
from multirt.selection.virtualenv import (
    environment_locations,
    find_environment,
    folders_upwards,
    named_environment,
    names_by_environment,
    specs_by_environment,
)
from runtimes import Discovery, discover

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from multirt.config import Configuration
    from multirt.program.model import Program
    from multirt.selection.installed import Packages
    from multirt.selection.model import Candidate
    from runtimes import Runtime

_PROJECT = "pyproject.toml"
_VARIABLES = ("PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


def decide(request: Request) -> Decision:
    """Judge the runtimes of the machine for a program, and choose.

    Where the command line names several virtual environments, each is judged with its own
    packages, in their order; the first in which a runtime fits is taken.

    Raises:
        MultirtError: the program, a file of settings or a folder of packages cannot be read, or
            the command is not found.
    """
    if request.evaluate_all:
        return _merged(list(decide_each(request)))
    rejected: list[Decision] = []
    for _, decision in decide_each(request):
        if decision.chosen is not None:
            return replace(decision, passed_over=tuple(rejected))
        rejected.append(decision)
    return replace(rejected[0], passed_over=tuple(rejected[1:]))


def _merged(parts: Sequence[tuple[Path | None, Decision]]) -> Decision:
    """Return the first decision with a choice, with what was asked for in each environment.

    The ids of runtimes name the environment where several are named.
    """
    if len(parts) == 1:
        return parts[0][1]
    names = names_by_environment(home for home, _ in parts)
    requested = [
        replace(each, runtime=replace(each.runtime, id=f"{each.runtime.id}{names[home]}"))
        for home, decision in parts
        for each in decision.candidates
        if not is_other(each)
    ]
    known = {each.runtime.executable for each in requested}
    rest = [each for each in parts[0][1].candidates if each.runtime.executable not in known]
    candidates = sorted([*requested, *rest], key=lambda candidate: not candidate.accepted)
    first = next((each for _, each in parts if each.chosen is not None), parts[0][1])
    return replace(first, candidates=tuple(candidates), chosen=choose(candidates))


def decide_each(request: Request) -> Iterator[tuple[Path | None, Decision]]:
    """Yield a decision for each virtual environment that the command line names, with its folder.

    The folder is None for runtimes that are named in another way.

    Raises:
        MultirtError: as `decide` does.
    """
    groups = specs_by_environment(request.cli_settings.specs) or ((None, ()),)
    for home, specs in groups:
        part = replace(request, cli_settings=replace(request.cli_settings, specs=specs))
        yield home, _decide_alone(part)


def _decide_alone(request: Request) -> Decision:
    """Decide with the packages of one environment.

    Candidates are asked what they are step by step, until a choice cannot be beaten; all of them
    where the request evaluates all.
    """
    request = replace(request, entry=_command_first(request))
    program = read_program(request.entry, request.cwd, request.stdin)
    program = replace(program, options=request.cli_settings.python_args or program.options)
    context = ConfigContext(
        cwd=request.cwd, env=request.search.env, user_config=request.user_config
    )
    configuration = configure(program, request.cli_settings, context)
    fastest = wants_fastest(configuration)
    if fastest:  # the runtime that may be chosen has to be asked
        request = replace(request, evaluate_all=True)
    found = find_package_sources(program, configuration, request)
    program, command = _with_command(program, found, request)
    decision = Decision(
        program=program,
        configuration=configuration,
        candidates=(),
        chosen=None,
        environment=found.environment,
        roots=found.roots,
        wanted=found.wanted,
        packages=_packages(program, configuration, found.roots) if found.roots else None,
        discovery=Discovery(runtimes=(), rejected=()),
        command=command,
        notes=(*configuration.notes, *found.notes),
        read=_read(program, configuration, found),
        absent=_absent(program, configuration, found, request),
        variables=(*configuration.variables, *_VARIABLES),
    )
    decision = _searched(decision, request)
    if _pins_nothing(decision):
        return _decide_alone(
            replace(request, cli_settings=replace(request.cli_settings, use_pins=False))
        )
    if fastest and request.history is not None:
        return apply_history(decision, request.history())
    return decision


def _pins_nothing(decision: Decision) -> bool:
    """Return whether a file of another tool pins runtimes that are not on this machine."""
    pin = decision.configuration.runtimes
    known = any(not is_other(candidate) for candidate in decision.candidates)
    return pin is not None and pin.source is Source.PIN and decision.chosen is None and not known


def _searched(decision: Decision, request: Request) -> Decision:
    """Return a decision with the choice, from the first step of the search that settles it."""
    whole = request.search
    searches = steps(whole, decision.configuration, decision.environment)
    evaluated: dict[object, Candidate] = {}
    if decision.wanted is not None and not request.evaluate_all:
        from multirt.environments import import_early  # 5 ms, where something is installed

        import_early(request.cache_dir)
    for search in (whole,) if request.evaluate_all else searches:
        discovery = discover(search)
        runtimes = add_explicit_paths(discovery.runtimes, decision.configuration.specs, search)
        context = _question(decision, runtimes, request)
        inquiry = Evaluator(
            context=context, wanted=decision.wanted, request=request, evaluated=evaluated
        )
        candidates = sorted(
            inquiry.candidates(runtimes),
            key=lambda each: (not each.accepted, each.rank),
        )
        decision = replace(
            decision, candidates=tuple(candidates), chosen=choose(candidates), discovery=discovery
        )
        if search is whole or not discovery.postponed or is_final(decision, context):
            break
    decision = replace(decision, notes=(*decision.notes, *_home_notes(context)))
    if request.evaluate_all:
        decision = replace(decision, providers=_providers(decision, runtimes))
    return decision


def _providers(decision: Decision, runtimes: Sequence[Runtime]) -> Mapping[str, str]:
    """Return which distribution brings each missing module, as far as something here names it."""
    modules = {
        module
        for each in decision.candidates
        for one in each.objections
        if (module := one.fact("module")) is not None
    }
    if not modules:
        return {}
    from multirt.selection.installed import find_providers

    folders = (*decision.roots, *(folder for each in runtimes for folder in each.site_packages))
    named = [each.value.name for each in decision.configuration.requirements]
    return find_providers(modules, folders, named)


def _question(
    decision: Decision, runtimes: Sequence[Runtime], request: Request
) -> EvaluationContext:
    """Return what is asked of every runtime."""
    environment, packages = decision.environment, decision.packages
    return EvaluationContext(
        program=decision.program,
        configuration=decision.configuration,
        packages=packages,
        venv_runtime=next(
            (each for each in runtimes if environment and environment.is_of(each)), None
        ),
        active=_active(runtimes, request),
        will_install=decision.wanted is not None,
        hidden_modules=bool(
            request.search.env.get("PYTHONPATH")
            or (environment and environment.sees_base)
            or (packages and packages.hooks)
        ),
        allowed=request.cli_settings.allowed,
        pythonhome=_pythonhome(decision.program, request),
        stdlib=stdlib_only_names(decision.wanted),
    )


def _pythonhome(program: Program, request: Request) -> Path | None:
    """Return where PYTHONHOME makes a CPython look for its standard library, if anywhere."""
    home = request.search.env.get("PYTHONHOME", "").partition(os.pathsep)[0]
    ignored = any(each.startswith("-") and {*each[1:]} & {"E", "I"} for each in program.options)
    return request.cwd / home if home and not ignored else None


def _home_notes(context: EvaluationContext) -> Iterator[Note]:
    """Yield what a user should know of PYTHONHOME."""
    if context.pythonhome is not None:
        yield Note(kind=NoteKind.PYTHONHOME, facts=(str(context.pythonhome),))


def _active(runtimes: Sequence[Runtime], request: Request) -> Runtime | None:
    """Return what `python3`, or else `python`, starts on PATH."""
    selected = next((each for each in runtimes if each.selected), None)
    if selected is not None:
        return selected
    folders = [*filter(None, request.search.env.get("PATH", "").split(os.pathsep))]
    for path in (Path(folder, name) for name in ("python3", "python") for folder in folders):
        if path.is_file() and os.access(path, os.X_OK):
            names = {path, Path(os.path.realpath(path))}
            known = (each for each in runtimes if names & {each.executable, *each.aliases})
            return next(known, None)
    return None


def _with_command(
    program: Program, found: PackageSources, request: Request
) -> tuple[Program, ConsoleScript | None]:
    """Return a program with what its console script imports, and that.

    Raises:
        MultirtError: no folder of packages has it, and nothing will be installed that may.
    """
    if program.entry.kind is not ProgramKind.COMMAND:
        return program, None
    name = program.entry.text
    command = find_command(name, found.roots)
    if command is not None and command.script is not None:
        return _with_script(program, command.script, request), command
    if command is not None:
        called = Import(name=command.module, file=None, line=0, certain=True)
        return replace(program, imports=(called,)), command
    if found.wanted is not None:
        return program, None
    where = ", ".join(map(str, found.roots))
    folder = request.cwd / name
    what = f"{folder} is a folder without a __main__.py" if folder.is_dir() else ""
    what = what or f"no script {name} here"
    what += f" and no such command in {where}" if where else ""
    hint = f"`multirt run --with DISTRIBUTION {name}` installs what brings it"
    hint = "name the script in it, or the module with -m" if folder.is_dir() else hint
    raise ProgramError(what, suggest_command(name, (), request.cwd) or hint)


def _with_script(program: Program, script: Path, request: Request) -> Program:
    """Return a program with what a script imports that a distribution installed as a command."""
    if interpreter_options(script) is None:
        return replace(program, read=(script,))
    inner = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text=str(script)), request.cwd)
    return replace(
        program,
        folder=inner.folder,
        sources=inner.sources,
        imports=inner.imports,
        exits=inner.exits,
        modifies_sys_path=inner.modifies_sys_path,
        read=inner.read,
        absent=inner.absent,
    )


def _command_first(request: Request) -> EntryPoint:
    """Return what is to run, a command where a bare word names that and a folder.

    A command of the environment, or of the project where there is no environment, comes first, as
    it does for uv. A folder that cannot be started may be a command that will be installed.
    """
    entry, cli_settings = request.entry, request.cli_settings
    folder = request.cwd / entry.text
    if entry.kind is not ProgramKind.FOLDER or os.sep in entry.text or not folder.is_dir():
        return entry
    environment = named_environment(cli_settings.specs)
    if environment is None and not cli_settings.isolated:
        environment = find_environment(request.cwd, request.search.env)
    if cli_settings.sites or environment is not None:
        roots = cli_settings.sites or (environment.roots if environment is not None else ())
        is_command = find_command(entry.text, roots) is not None
    else:
        is_command = entry.text in _commands_of_project(request)
    startable = any((folder / f"__main__.{ending}").is_file() for ending in ("py", "pyc"))
    return entry if startable and not is_command else replace(entry, kind=ProgramKind.COMMAND)


def _commands_of_project(request: Request) -> frozenset[str]:
    """Return the names of the console scripts of the nearest project."""
    if request.cli_settings.isolated or not request.cli_settings.use_project:
        return frozenset()
    folder = request.cwd / (request.cli_settings.project or "")
    path = next(
        (each / _PROJECT for each in (folder, *folder.parents) if (each / _PROJECT).is_file()), None
    )
    return read_program_project(path).commands if path is not None else frozenset()


def _packages(program: Program, configuration: Configuration, roots: Sequence[Path]) -> Packages:
    """Read the folders of packages."""
    from abi_probe import UnreadableError  # 70 ms, where there are packages
    from multirt.selection.installed import read_packages

    try:
        names = [name.value for name in configuration.imports]
        whole = configuration.whole_site
        return read_packages(program, roots, names, whole=bool(whole and whole.value))
    except UnreadableError as error:
        raise UsageError(f"cannot read {roots[0]}: {error}", kind=ErrorKind.SITE) from error


def _read(
    program: Program, configuration: Configuration, found: PackageSources
) -> tuple[Path, ...]:
    """Return the files and folders that a decision depends on."""
    read = [*program.read, *configuration.read, *found.read, *found.roots]
    read += [path for path in locks_looked_for(program, configuration) if path.exists()]
    if found.environment is not None:
        read.append(found.environment.home / "pyvenv.cfg")
    return tuple(dict.fromkeys(read))


def _absent(
    program: Program, configuration: Configuration, found: PackageSources, request: Request
) -> tuple[Path, ...]:
    """Return the paths at which a file would change a decision."""
    absent = [*program.absent, *configuration.absent]
    absent += [path for path in locks_looked_for(program, configuration) if not path.exists()]
    if configuration.sites is None and not request.cli_settings.isolated:
        start = start_of(program, request.cwd)
        for home in (*folders_upwards(start), *environment_locations(start)):
            if found.environment is not None and home == found.environment.home:
                break
            absent.append(home / "pyvenv.cfg")
    return tuple(dict.fromkeys(absent))
