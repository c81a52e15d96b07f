"""The options that several commands share, and what they ask of the libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multirt.cli.searching import cache_dir, search
from runtimes import RuntimeSpec as Spec

if TYPE_CHECKING:
    from multirt.environments import Store

__all__ = [
    "PROGRAM",
    "Json",
    "Python",
    "Refresh",
    "Site",
    "cache_dir",
    "search",
    "specs",
    "store",
]

PROGRAM = {"allow_interspersed_args": False}  # what follows the program is the program's
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ask every runtime anew.")]
Python = Annotated[
    list[str] | None,
    typer.Option("--python", "-p", help="A runtime to use; repeat in order of preference."),
]
Site = Annotated[
    list[Path] | None, typer.Option("--site", help="A folder of installed packages; repeatable.")
]


def specs(words: list[str] | None) -> tuple[Spec, ...]:
    """Return the runtimes that were asked for, by option or by variable."""
    chosen = words or ([os.environ["MULTIRT_PYTHON"]] if os.environ.get("MULTIRT_PYTHON") else [])
    return tuple(Spec.parse(word) for word in chosen)


def store(*, refresh: bool = False) -> Store:
    """Return the place of environments; what takes long is said on the terminal."""
    from multirt.cli.tables.waiting import waiting
    from multirt.environments import Store  # not for the commands that install nothing

    return Store(cache_dir(), dict(os.environ), progress=waiting, refresh=refresh)
