"""Tell what a decision rests on, so that a plan file can be made of it.

Everything that could lead to another decision, were it otherwise, must be among this. Too much only
means that something is decided again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import multirt
from multirt.model import Cause, Kind
from multirt.plans.writer import Grounds, UnsureError
from runtimes import Reason

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Iterator

    from multirt.dispatch import Decision, Request
    from multirt.model import Plan, Program
    from multirt.packages import Packages

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
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_NO_INDEX",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
)
_SETTINGS = (
    ".config/pip/pip.conf",
    ".config/uv/uv.toml",
    ".pip/pip.conf",
    "/etc/pip.conf",
    "/etc/uv/uv.toml",
)
_RECORDS = ("METADATA", "PKG-INFO", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt")


class Consulted(Mapping[str, str]):
    """An environment that remembers which of its variables were asked for.

    Passing all of it on, as to a child process, is no question: `items` does not count.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        """Wrap an environment."""
        self._env = env
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """Return a variable, and remember that it was asked for, be it set or not."""
        self._asked.add(name)
        return self._env[name]

    def __iter__(self) -> Iterator[str]:
        """Yield every name."""
        return iter(self._env)

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._env)

    def items(self) -> ItemsView[str, str]:
        """Return all of them, unnoticed."""
        return self._env.items()

    def answers(self) -> dict[str, str | None]:
        """Return what was asked for with its value, None where there is none."""
        return {name: self._env.get(name) for name in self._asked}


def grounds(
    decision: Decision, request: Request, planned: Plan, *, noticed: Iterable[str], since: int
) -> Grounds:
    """Return what a decision rests on.

    Args:
        decision: with a chosen runtime.
        request: whose environment is a `Consulted`.
        planned: how the program is started.
        noticed: what the search for runtimes has looked at.
        since: when deciding began, in ns since the epoch.

    Raises:
        UnsureError: a runtime did not answer in time, so another day another one may be chosen.
    """
    late = [each for each in decision.discovery.rejected if each.reason is Reason.TIMED_OUT]
    if late:
        raise UnsureError(f"{late[0].path} did not answer in time")
    env = request.search.env
    variables = env.answers() if isinstance(env, Consulted) else dict(env)
    variables |= {name: env.get(name) for name in ("HOME", *decision.variables)}
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
            *(_packages(decision.packages) if decision.packages else ()),
            *_runtimes(decision),
            *(_measured(request) if decision.usual is not None else ()),
            *(_installers(request) if decision.wanted is not None else ()),
            *noticed,
            *_own_files(),
        )
    )
    for path in (*made, *(_above(cwd) if cwd is not None else ())):
        paths.pop(path, None)  # these count in another way
    return Grounds(
        since=since,
        paths=tuple(paths),
        links=(str(decision.program.script),) if decision.program.script else (),
        above=_ABOVE,
        names=_names(decision.program),
        variables=variables,
        made=tuple(made),
    )


def _above(cwd: Path) -> Iterator[str]:
    return (str(folder / name) for folder in (cwd, *cwd.parents) for name in _ABOVE)


def _names(program: Program) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the folder in which a module's name would count, with all the names."""
    if program.folder is None or not program.folder.is_dir():
        return ()
    return ((str(program.folder), _tops(program)),)


def _tops(program: Program) -> frozenset[str]:
    return frozenset(each.name.partition(".")[0] for each in program.imports)


def _program(decision: Decision, request: Request) -> Iterator[Path]:
    """Yield what was read, and where the modules that it names are or would be beside it."""
    program = decision.program
    if program.entry.kind is Kind.COMMAND:
        yield request.cwd / program.entry.text  # a file of that name here would be meant instead
    yield from decision.read
    tops = _tops(program)
    for path in decision.absent:  # of absent modules beside the program its folder's names tell
        if path.parent != program.folder or path.name.partition(".")[0] not in tops:
            yield path
    if program.folder is None:
        return
    for name in sorted({each.name for each in program.imports if "." in each.name}):
        top = program.folder / name.partition(".")[0]
        if top.is_dir():  # else the folder's own names tell when it appears
            base = program.folder.joinpath(*name.split("."))
            yield from (
                top / "__init__.py",
                base / "__init__.py",
                base.with_name(f"{base.name}.py"),
            )


def _environments(decision: Decision, request: Request) -> Iterator[Path]:
    """Yield where a virtual environment is, or would be if one were made."""
    configuration = decision.configuration
    if configuration.sites is not None or request.wishes.isolated:
        return
    script = decision.program.script or request.cwd / "-"
    active = request.search.env.get("VIRTUAL_ENV")
    homes = [Path(active)] if active else []
    specs = configuration.specs
    if specs and specs[0].path is not None:
        named = Path(os.path.abspath(Path(specs[0].path).expanduser()))  # noqa: PTH100 - keeps the link
        homes += [named, named.parent.parent]
    found = decision.environment
    for home in (*homes, *(parent / ".venv" for parent in script.parents)):
        yield home / "pyvenv.cfg"
        if found is not None and home == found.home:
            break
    if found is not None:
        yield from (found.python, found.home, found.home / "lib")
        yield from (root.parent for root in found.roots)
        if found.base is not None:
            yield found.base


def _packages(packages: Packages) -> Iterator[Path]:
    """Yield the folders of packages, and what was read of each distribution."""
    yield Path(_LOADER_CACHE)
    for root in (*packages.roots, *packages.added):
        yield root
        yield from sorted(root.glob("*.pth"))
    for site in packages.sites:
        for name, installed in site.distributions.items():
            yield installed.info
            if name in packages.requires or name in packages.broken:
                yield from (installed.info / record for record in _RECORDS)
    for artefact in packages.artefacts.values():
        if artefact.root is not None:
            relative = (*(each.path for each in artefact.extensions), *artefact.libraries)
            yield from (Path(artefact.root, path) for path in relative)


def _runtimes(decision: Decision) -> Iterator[str]:
    """Yield the files of the chosen runtime, and of those that would be better if they could."""
    if decision.chosen is None:
        return
    yield _LOADER_CACHE
    files = {str(each.path): each.rests_on for each in decision.discovery.inquiries}
    for verdict in decision.verdicts:
        refused = any(each.cause is not Cause.SPEC for each in verdict.objections)
        if verdict is decision.chosen or (refused and verdict.rank < decision.chosen.rank):
            runtime = verdict.runtime
            yield str(runtime.executable)
            yield from map(str, runtime.site_packages if decision.packages is None else ())
            for path in (runtime.executable, *runtime.aliases):
                yield from files.get(str(path), ())


def _measured(request: Request) -> Iterator[Path]:
    """Yield the history, and where what was last written to it is kept."""
    if request.history is not None:
        yield request.history
        yield request.history.with_name(f"{request.history.name}-wal")


def _installers(request: Request) -> Iterator[Path]:
    """Yield where settings would stand that change what is installed."""
    home = request.search.home
    for file in _SETTINGS:
        yield Path(file) if file.startswith("/") else home / file


def _made(planned: Plan, request: Request) -> Iterator[Path]:
    """Yield what we made ourselves and the program is started with."""
    for argument in map(Path, planned.arguments):
        if request.cache_dir in argument.parents and argument.exists():
            yield argument
    if request.cache_dir not in planned.executable.parents:
        return
    home = planned.executable.parent.parent
    yield planned.executable
    yield from (home / "pyvenv.cfg", *sorted(home.glob("lib*/*/site-packages/*.pth")))


def _own_files() -> Iterator[str]:
    """Yield files that another version of this program would replace."""
    above = Path(multirt.__file__).parents[1]
    return (str(above / name / "__init__.py") for name in ("abi_probe", "multirt", "runtimes"))
