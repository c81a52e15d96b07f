"""Collect what a decision depends on, for its plan file.

Everything that could lead to another decision, were it otherwise, must be among this. Too much only
means that something is decided again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import multirt
from abi_probe import Cause
from multirt.launch.exec_plan import TrackedEnviron
from multirt.launch.plan_writer import PlanInputs, PlanNotSafeError
from multirt.program.model import ProgramKind
from multirt.selection.module_search import path_files_of
from multirt.selection.virtualenv import environment_locations
from runtimes import Reason
from runtimes.venvs import site_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multirt.environments import InstallRequest
    from multirt.program.model import Program
    from multirt.selection.installed import Packages
    from multirt.selection.model import Decision, Plan, Request
    from runtimes import Discovery

# Looked for in the current folder and above it by version managers, and so by the search.
_ABOVE = (".pixi/envs", ".python-version", ".tool-versions")
_LOADER_CACHE = "/etc/ld.so.cache"  # which libraries of the system there are
# What says where packages are installed from, and may not be set now.
_INDEXES = (
    "PIP_CONFIG_FILE",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_NO_INDEX",
    "UV_BUILD_CONSTRAINT",
    "UV_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_FORK_STRATEGY",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_NO_BINARY",
    "UV_NO_CONFIG",
    "UV_NO_INDEX",
    "UV_NO_SOURCES",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
)
_ALWAYS = (
    "HOME",
    "MULTIRT_CONFIG",
    "MULTIRT_DATA_DIR",
    "MULTIRT_PROBE_TIMEOUT",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
)
_SETTINGS = (
    ".config/pip/pip.conf",
    ".config/uv/uv.toml",
    ".pip/pip.conf",
    "/etc/pip.conf",
    "/etc/uv/uv.toml",
)
_PASSING = (Reason.CANNOT_START, Reason.FAILED, Reason.INVALID_OUTPUT, Reason.TIMED_OUT)
_MOST_PARTS = 4096  # of a path, its links followed; then it leads in a circle
_RECORDS = ("METADATA", "PKG-INFO", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt")


def plan_inputs(
    decision: Decision, request: Request, planned: Plan, *, noticed: Iterable[str], since: int
) -> PlanInputs:
    """Return what a decision depends on.

    Args:
        decision: with a chosen runtime.
        request: whose environment is a `TrackedEnviron`.
        planned: how the program is started.
        noticed: what the search for runtimes has looked at.
        since: when deciding began, in ns since the epoch.

    Raises:
        UnsureError: environments were passed over, whose inputs are not known here.
    """
    if decision.passed_over:
        raise PlanNotSafeError("nothing fits in an environment that was named before")
    env = request.search.env
    variables = env.values_read() if isinstance(env, TrackedEnviron) else dict(env)
    variables |= {name: env.get(name) for name in (*_ALWAYS, *decision.variables)}
    if decision.wanted is not None:
        variables |= {name: env[name] for name in env if name.startswith(("PIP_", "UV_"))}
        variables |= {name: env.get(name) for name in _INDEXES}
    cwd = request.search.cwd
    made = [str(path) for path in _made(planned, request)]
    paths = dict.fromkeys(
        str(path)
        for path in (
            *_program(decision, request),
            *_environments(decision, request),
            *(_packages(decision.packages, decision.program) if decision.packages else ()),
            *_runtimes(decision),
            *(_measured(request) if decision.usual is not None else ()),
            *(_installers(decision.wanted, request) if decision.wanted is not None else ()),
            *_named(decision),
            *_of_the_search(noticed, cwd),
            *_own_files(),
        )
    )
    for path in made:
        paths.pop(path, None)  # these count in another way
    return PlanInputs(
        since=since,
        paths=tuple(paths),
        links=tuple(_links(decision)),
        local=_is_local(decision, request),
        soon=_is_passing(decision.discovery),
        below=tuple(str(root) for root in decision.roots),
        above=_ABOVE,
        names=_names(decision.program),
        variables=variables,
        made=tuple(made),
        until=planned.until,
    )


def _of_the_search(noticed: Iterable[str], cwd: Path | None) -> Iterator[str]:
    """Yield what the search looked at, but the names that count in whichever folder we are."""
    folders = (cwd, *cwd.parents) if cwd is not None else ()
    above = {str(folder / name) for folder in folders for name in _ABOVE}
    return (path for path in noticed if path not in above)


def _named(decision: Decision) -> Iterator[str]:
    """Yield the runtimes that the user names by a path."""
    for spec in decision.configuration.specs:
        if spec.path is not None:
            yield os.path.abspath(Path(spec.path).expanduser())  # noqa: PTH100 - keeps links


def _is_local(decision: Decision, request: Request) -> bool:
    """Whether something is named by a path that starts from the current folder."""
    named = [Path(spec.path) for spec in decision.configuration.specs if spec.path is not None]
    active = request.search.env.get("VIRTUAL_ENV")
    named += [Path(active)] if active else []
    return not all(path.expanduser().is_absolute() for path in named)


def _is_passing(discovery: Discovery) -> bool:
    """Whether a candidate may answer otherwise soon, with no trace in any file that is known."""
    return any(each.reason in _PASSING for each in discovery.rejected) or not all(
        each.own for each in discovery.inquiries
    )


def _links(decision: Decision) -> Iterator[str]:
    """Yield the links on the ways to the program and to what is named by a path.

    The file at the end tells nothing of them: two releases may share it by a hard link.
    """
    script = decision.program.script
    ways = [str(script)] if script is not None else []
    for way in dict.fromkeys([*ways, *_named(decision)]):
        left = [*reversed(Path(way).parts[1:])]
        path = os.sep
        for _ in range(_MOST_PARTS):
            if not left:
                break
            part = left.pop()
            path = os.path.normpath(os.path.join(path, part))  # noqa: PTH118 - `..` after links
            if os.path.islink(path):  # noqa: PTH114 - text
                yield path
                target = Path(os.readlink(path))  # noqa: PTH115 - text
                left += reversed([each for each in target.parts if each != target.anchor])
                path = os.sep if target.is_absolute() else os.path.dirname(path)  # noqa: PTH120


def _names(program: Program) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the folders in which a module's name would count, each with these names."""
    if program.folder is None or not program.folder.is_dir():
        return ()
    names = {each.name for each in program.imports}
    names |= {f"{each.name}.{member}" for each in program.imports for member in each.members}
    if program.entry.kind is ProgramKind.MODULE:
        names.add(program.entry.text)
    folders: dict[Path, set[str]] = {program.folder: set()}
    for name in names:
        folder = program.folder
        for part in name.split("."):
            folders.setdefault(folder, {"__init__"}).add(part)
            folder = folder / part
            if folder not in folders and not folder.is_dir():
                break
    return tuple((str(folder), frozenset(listed)) for folder, listed in folders.items())


def _tops(program: Program) -> frozenset[str]:
    return frozenset(each.name.partition(".")[0] for each in program.imports)


def _program(decision: Decision, request: Request) -> Iterator[Path]:
    """Yield what was read, and where the modules that it names are or would be next to it."""
    program = decision.program
    if program.entry.kind is ProgramKind.COMMAND:
        yield request.cwd / program.entry.text  # a file of that name here would be meant instead
    yield from decision.read
    tops = _tops(program)
    for path in decision.absent:  # of absent modules next to the program its folder's names tell
        if path.parent != program.folder or path.name.partition(".")[0] not in tops:
            yield path


def _environments(decision: Decision, request: Request) -> Iterator[Path]:
    """Yield where a virtual environment is, or would be if one were made."""
    configuration = decision.configuration
    if configuration.sites is not None or request.cli_settings.isolated:
        return
    script = decision.program.script or request.cwd / "-"
    active = request.search.env.get("VIRTUAL_ENV")
    homes = [Path(active)] if active else []
    for named in map(Path, _named(decision)):
        homes += [named, named.parent.parent]
    found = decision.environment
    near = (parent / ".venv" for parent in script.parents)
    yield from (path for path in near if not path.is_dir())  # a file names another folder
    yield from (parent / ".python-envs" for parent in script.parents)
    for home in (*homes, *environment_locations(script.parent)):
        yield home / "pyvenv.cfg"
        if found is not None and home == found.home:
            break
        yield from home.glob("lib*/*/site-packages")  # of one that lacks what a script lists
    if found is not None:
        yield from (found.python, found.home, found.home / "lib")
        yield from (root.parent for root in found.roots)
        if found.base is not None:
            yield found.base


def _packages(packages: Packages, program: Program) -> Iterator[Path]:
    """Yield the folders of packages, and what was read of each distribution."""
    yield Path(_LOADER_CACHE)
    for root in (*packages.roots, *packages.added):
        yield root
        yield from sorted(root.glob("*.pth"))
    for site in packages.sites:
        for name, installed in site.distributions.items():
            record = installed.info / "RECORD"
            yield record  # of every one: it says whose the modules are
            if name in packages.requires or name in packages.broken or not record.exists():
                yield installed.info
                yield from (installed.info / each for each in _RECORDS)
            elif program.entry.kind is ProgramKind.COMMAND:
                yield installed.info / "entry_points.txt"
    for artifact in packages.artifacts.values():
        if artifact.root is not None:
            relative = (*(each.path for each in artifact.extensions), *artifact.libraries)
            yield from (Path(artifact.root, path) for path in relative)


def _runtimes(decision: Decision) -> Iterator[str]:
    """Yield the files of the chosen runtime, and of those that would be better if they could."""
    if decision.chosen is None:
        return
    yield _LOADER_CACHE
    files = {str(each.path): each.rests_on for each in decision.discovery.inquiries}
    for candidate in decision.candidates:
        refused = any(each.cause is not Cause.SPEC for each in candidate.objections)
        if candidate is decision.chosen or (refused and candidate.rank < decision.chosen.rank):
            runtime = candidate.runtime
            yield str(runtime.executable)
            yield from map(str, path_files_of(runtime) if decision.packages is None else ())
            lacking = any(each.cause is Cause.STDLIB for each in candidate.objections)
            for path in (runtime.executable, *runtime.aliases):
                for file in files.get(str(path), ()):
                    yield file
                    if lacking:  # a part of a package there, which may be installed later
                        inner = (Path(file, top) for top in _tops(decision.program))
                        yield from (str(each) for each in inner if each.is_dir())


def _measured(request: Request) -> Iterator[Path]:
    """Yield the file of the history, and the log of its last changes."""
    if request.history is not None:
        file = request.history().path
        yield file
        yield file.with_name(f"{file.name}-wal")


def _installers(wanted: InstallRequest, request: Request) -> Iterator[Path]:
    """Yield files that are installed, and where settings would stand that change what is."""
    from multirt.environments import named_paths  # it is loaded: something was installed

    yield from named_paths(wanted.requirements)
    home = request.search.home
    for file in _SETTINGS:
        yield Path(file) if file.startswith("/") else home / file


def _made(planned: Plan, request: Request) -> Iterator[Path]:
    """Yield what we made ourselves and the program is started with."""
    for argument in map(Path, planned.arguments):
        if request.cache_dir in argument.parents and argument.exists():
            yield argument
    if not planned.environments:
        return
    yield planned.executable
    for home in planned.environments:
        yield home / "pyvenv.cfg"
        for root in site_folders(home):  # bytecode may come to it
            yield from sorted(root.glob("*.pth"))
            yield from sorted(root.glob("*.dist-info/RECORD"))


def _own_files() -> Iterator[str]:
    """Yield where this program is installed, and what it works with: an upgrade shows there."""
    package = Path(multirt.__file__).parent
    yield str(package / "__init__.py")
    yield str(package.parent)
