"""The options that several commands share, and what they ask of the libraries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.errors import MultirtError
from runtimes import RuntimeSpec as Spec
from runtimes import Search

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


def cache_dir() -> Path:
    """Return the folder for everything that can be made again."""
    override = os.environ.get("MULTIRT_CACHE_DIR")
    if override:
        return Path(override)
    from platformdirs import user_cache_path  # 18 ms

    return user_cache_path("multirt")


def search(*, refresh: bool = False) -> Search:
    """Return the search that this process's environment asks for."""
    text = os.environ.get("MULTIRT_PROBE_TIMEOUT", "5")
    try:
        timeout = float(text)
    except ValueError as error:
        message = f"MULTIRT_PROBE_TIMEOUT is no number of seconds: {text!r}"
        raise MultirtError("usage", message) from error
    return Search(
        env=dict(os.environ),
        home=Path.home(),
        cwd=Path.cwd(),
        cache_dir=cache_dir(),
        timeout=timeout,
        refresh=refresh,
    )


def specs(words: list[str] | None) -> tuple[Spec, ...]:
    """Return the runtimes that were asked for, by option or by variable."""
    chosen = words or ([os.environ["MULTIRT_PYTHON"]] if os.environ.get("MULTIRT_PYTHON") else [])
    return tuple(Spec.parse(word) for word in chosen)
