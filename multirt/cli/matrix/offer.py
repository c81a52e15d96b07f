"""`matrix offer`: what a worker of a cluster says of the runtimes that it has."""

from __future__ import annotations

from typing import Annotated

import typer

from multirt.cli.context import search
from multirt.matrix.scheduler import processors
from runtimes import NoRuntimeError, RuntimeSpec, discover


def offer_runtimes(
    specs: Annotated[
        list[str] | None,
        typer.Argument(help="Only runtimes that fit: 3.8, pypy, >=3.12.", metavar="SPEC..."),
    ] = None,
) -> None:
    """Print the runtimes of this machine as resources: dask worker --resources."""
    wanted = [RuntimeSpec.parse(word, fork=True) for word in specs or ()]
    found = [each for each in discover(search()).runtimes if "venv" in each.stdlib]
    known = tuple(each.id for each in found)
    for spec in wanted:
        if not any(spec.accepts(each) for each in found):
            raise NoRuntimeError(str(spec), known)
    names = [each.id for each in found if not wanted or any(spec.accepts(each) for spec in wanted)]
    # As many cells of one runtime at a time as the worker may do of any.
    typer.echo(",".join(f"{name}={processors()}" for name in names))
