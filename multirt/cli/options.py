"""The options that several commands share, and what they ask of the libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multirt.cli.context import cache_dir, search, store
from runtimes import RuntimeSpec as Spec

if TYPE_CHECKING:
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


def specs(words: list[str] | None) -> tuple[Spec, ...]:
    """Return the runtimes that were asked for, by option or by variable."""
    chosen = words or ([os.environ["MULTIRT_PYTHON"]] if os.environ.get("MULTIRT_PYTHON") else [])
    return tuple(Spec.parse(word) for word in chosen)
