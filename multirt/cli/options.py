"""The options that several commands share, and what they ask of the libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.context import cache_dir, search, store
from runtimes import RuntimeSpec as Spec

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
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Query every runtime again.")]
Python = Annotated[
    list[str] | None,
    typer.Option(
        "--python", "-p", metavar="SPEC", help="Use this runtime; repeat in order of preference."
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
