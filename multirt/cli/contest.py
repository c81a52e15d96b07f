"""What `compare` and `bench` share: options, and who takes part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multirt.cli.program_options import ProgramOptions, arguments_of
from multirt.contenders import Field, line_up
from multirt.errors import MultirtError
from multirt.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

Profiles = Annotated[
    list[str] | None,
    typer.Option("--profile", help="Start runtimes that know it this way too: jit, nojit, gil..."),
]
Reference = Annotated[
    str | None, typer.Option("--reference", help="Whom the others are compared with.")
]
Copy = Annotated[
    Path | None, typer.Option("--copy", help="Give each runtime a copy of this folder to work in.")
]
Files = Annotated[bool, typer.Option("--files", help="Compare also what it writes in its copy.")]
Input = Annotated[Path | None, typer.Option("--input", help="A file for its standard input.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each run.")]
Seed = Annotated[
    str, typer.Option("--hash-seed", help="PYTHONHASHSEED for all; `random` leaves it alone.")
]
Added = Annotated[
    list[str] | None, typer.Option("--rule", help="What may differ too: sets, tracebacks.")
]
Dropped = Annotated[
    list[str] | None,
    typer.Option("--no-rule", help="What may not differ: paths, addresses, timings."),
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page to this file.")]


def contest(
    words: list[str] | None,
    options: ProgramOptions,
    profiles: Sequence[str],
    reference: str | None,
) -> Field:
    """Return who takes part.

    Args:
        words: the program and its arguments.
        options: its `--python` may name profiles too, `cpython-3.14.8+jit`.
        profiles: further ways to start each runtime that knows them.
        reference: whom the others are compared with; None for the usual choice.

    Raises:
        MultirtError: the program can be started only once, no runtime fits, or an option means
            nothing.
        SpecError: a word names no runtime.
    """
    request = replace(options, python=None).request(words)
    if request.entry.kind in (Kind.STDIN, Kind.INTERPRETER):
        hint = "save it to a file, or say what is to run"
        raise MultirtError("script", f"{request.entry.title} cannot be run again", hint)
    return line_up(request, arguments_of(words), options.python or [], profiles, reference)
