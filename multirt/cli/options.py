"""The options of several commands, and what they ask of the libraries."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from msgspec import NODEFAULT, Struct

from abi_probe import Cause
from multirt.cli.argv import requirement
from multirt.cli.context import cache_dir, history_store, search, store, user_config
from multirt.config import CliSettings, Prefer
from multirt.errors import UsageError
from multirt.program import entry_of
from multirt.program.model import ProgramKind
from multirt.selection.model import Request
from runtimes import RuntimeSpec
from runtimes import RuntimeSpec as Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runtimes import Runtime

__all__ = [
    "PROGRAM",
    "Json",
    "Python",
    "Refresh",
    "Site",
    "cache_dir",
    "complete_runtime",
    "search",
    "specs",
    "store",
]

PROGRAM = {"allow_interspersed_args": False}  # what follows the program is the program's
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Query every runtime again.")]


def complete_runtime(incomplete: str) -> list[str]:
    """Return the versions, builds and ids of runtimes of this machine that begin so."""
    from runtimes import discover  # 50 ms, which no other use of the options needs

    found = discover(search()).runtimes
    names = dict.fromkeys(_short(each) for each in found) | dict.fromkeys(each.id for each in found)
    return [each for each in names if each.startswith(incomplete)]


def _short(runtime: Runtime) -> str:
    """Return the version and build of a runtime as a spec: `3.13t`, `pypy3.11`."""
    name = runtime.implementation.name
    number = f"{runtime.version.major}.{runtime.version.minor}"
    flags = "t" * runtime.abi.free_threaded + "d" * runtime.abi.debug
    return f"{number if name == 'cpython' else name + number}{flags}"


Python = Annotated[
    list[str] | None,
    typer.Option(
        "--python",
        "-p",
        metavar="SPEC",
        help="Use this runtime; repeat in order of preference.",
        autocompletion=complete_runtime,
    ),
]
Site = Annotated[
    list[Path] | None,
    typer.Option("--site", metavar="DIR", help="Use this folder of packages; may be repeated."),
]


def specs(texts: list[str] | None) -> tuple[Spec, ...]:
    """Return the runtimes that were asked for, by option or by variable."""
    chosen = texts or ([os.environ["MULTIRT_PYTHON"]] if os.environ.get("MULTIRT_PYTHON") else [])
    return tuple(Spec.parse(text) for text in chosen)


ProgramArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROGRAM [ARGUMENT]...",
        help="A script, -m MODULE, -c CODE, -, a folder, a zip archive or an installed command."
        " Arguments after it belong to it. Default: the interpreter.",
    ),
]


class ProgramOptions(Struct, frozen=True, kw_only=True):
    """What a command line says of the program and of the runtime for it."""

    python: Python = None
    site: Site = None
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="REQUIREMENT",
            help="Install this requirement; may be repeated.",
        ),
    ] = None
    with_requirements: Annotated[
        list[Path] | None,
        typer.Option(
            "--with-requirements",
            metavar="FILE",
            help="Install what a file lists; may be repeated.",
        ),
    ] = None
    build: Annotated[
        bool, typer.Option("--build", help="Also build packages that have no wheel.")
    ] = False
    offline: Annotated[bool, typer.Option("--offline", help="Use only cached packages.")] = False
    project: Annotated[
        Path | None,
        typer.Option("--project", metavar="DIR", help="Use the project in this folder."),
    ] = None
    no_project: Annotated[
        bool, typer.Option("--no-project", help="Ignore pyproject.toml and .python-version.")
    ] = False
    no_config: Annotated[
        bool, typer.Option("--no-config", help="Ignore [tool.multirt] and multirt.toml.")
    ] = False
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Ignore the lock file of the script or project.")
    ] = False
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Use only the command line and the program.")
    ] = False
    implementation: Annotated[
        str | None,
        typer.Option(
            "--implementation", metavar="NAME", help="Use only cpython, pypy, graalpy, ..."
        ),
    ] = None
    prefer: Annotated[
        Prefer | None,
        typer.Option(
            "--prefer",
            metavar="ORDER",
            help="newest (default), oldest, active or fastest first.",
        ),
    ] = None
    fastest_margin: Annotated[
        int | None,
        typer.Option(
            "--fastest-margin",
            metavar="PERCENT",
            min=0,
            help="Lead that `fastest` needs; default: 10.",
        ),
    ] = None
    allow_prerelease: Annotated[
        bool, typer.Option("--allow-prerelease", help="Treat pre-releases as releases.")
    ] = False
    below_floor: Annotated[
        bool, typer.Option("--try", help="Allow abi-tag and package-python together.")
    ] = False
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="CAUSE",
            help="Ignore this cause, or all; may be repeated.",
        ),
    ] = None
    python_args: Annotated[
        list[str] | None,
        typer.Option(
            "--python-args",
            metavar="OPTIONS",
            help="Pass options such as -I to Python; may be repeated.",
        ),
    ] = None
    whole_site: Annotated[
        bool, typer.Option("--whole-site", help="Check all installed packages, imported or not.")
    ] = False

    def request(self, texts: list[str] | None, *, evaluate_all: bool = False) -> Request:
        """Return the request for a program.

        Args:
            texts: the program and its arguments.
            evaluate_all: every runtime is asked.

        Raises:
            MultirtError: an option means nothing.
        """
        looked = search()
        entry, _ = entry_of(texts or [], looked.cwd or Path.cwd())
        stdin = None
        if entry.kind is ProgramKind.STDIN and not sys.stdin.isatty():
            stdin = sys.stdin.buffer.read()
        return Request(
            entry=entry,
            search=looked,
            cache_dir=cache_dir(),
            cli_settings=self._wishes(),
            user_config=user_config(),
            history=history_store,
            stdin=stdin,
            store=partial(store, offline=self.offline),
            evaluate_all=evaluate_all,
        )

    def _wishes(self) -> CliSettings:
        return CliSettings(
            specs=tuple(RuntimeSpec.parse(text, fork=True) for text in self.python or ()),
            implementation=self.implementation,
            prefer=self.prefer,
            margin=self.fastest_margin,
            allow_prerelease=self.allow_prerelease,
            sites=tuple(self.site or ()),
            whole_site=self.whole_site,
            requirements=tuple(map(requirement, self.with_ or ())),
            requirement_files=tuple(self.with_requirements or ()),
            build=self.build,
            project=self.project,
            use_project=not self.no_project,
            use_config=not self.no_config,
            use_lock=not self.no_lock,
            isolated=self.isolated,
            python_args=tuple(chain.from_iterable(map(_split, self.python_args or ()))),
            allowed=_causes(self.allow or (), below_floor=self.below_floor),
        )


def _causes(texts: Iterable[str], *, below_floor: bool) -> frozenset[str]:
    """Return the causes whose objections are overruled.

    Raises:
        MultirtError: there is no such cause.
    """
    known = [cause for cause in Cause if cause is not Cause.SPEC]
    found: set[str] = {Cause.ABI_TAG, Cause.PACKAGE_PYTHON} if below_floor else set()
    for text in texts:
        if text != "all" and text not in known:
            choices = ", ".join(each.value for each in known)
            raise UsageError(f"invalid --allow: {text!r}", f"use all, {choices}")
        found.update(known if text == "all" else [text])
    return frozenset(found)


def _split(text: str) -> list[str]:
    """Return the options in one argument, parted as a shell does.

    Raises:
        MultirtError: its quotes do not match.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"invalid --python-args: {error}: {text!r}") from error


def arguments_of(texts: list[str] | None) -> tuple[str, ...]:
    """Return the program's own arguments."""
    return entry_of(texts or [], Path.cwd())[1]


def takes_program(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its groups: parameters whose type is a struct of options."""
    own = inspect.signature(function, eval_str=True)
    groups: dict[str, Any] = {
        name: each.annotation
        for name, each in own.parameters.items()
        if isinstance(each.annotation, type) and issubclass(each.annotation, Struct)
    }
    shared = {name: list(_parameters(group)) for name, group in groups.items()}

    @functools.wraps(function)
    def command(**values: Any) -> None:  # noqa: ANN401 - of every option its own type
        made = {
            name: group(**{each.name: values.pop(each.name) for each in shared[name]})
            for name, group in groups.items()
        }
        function(**made, **values)

    kept = [each for name, each in own.parameters.items() if name not in groups]
    ordered = sorted([*kept, *chain(*shared.values())], key=lambda each: each.kind)
    command.__signature__ = own.replace(parameters=ordered)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in ordered}
    return command


def _parameters(group: Any) -> Iterator[inspect.Parameter]:  # noqa: ANN401 - any class of options
    """Yield the options of a group."""
    hints = get_type_hints(group, include_extras=True)
    names, defaults = group.__struct_fields__, group.__struct_defaults__
    required = (NODEFAULT,) * (len(names) - len(defaults))
    for name, default in zip(names, (*required, *defaults), strict=True):
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if default is NODEFAULT else default,
            annotation=hints[name],
        )
