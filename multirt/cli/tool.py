"""Run a tool from a package index."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from msgspec.structs import replace

from multirt.cli.argv import COMMANDS, requirement, unjoined
from multirt.cli.options import PROGRAM
from multirt.cli.program_options import ProgramOptions, takes_program
from multirt.cli.start import start
from multirt.program.model import EntryPoint, ProgramKind

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="TOOL[@VERSION] [ARGUMENT]...",
        help="A distribution with a command; arguments follow.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tool", context_settings=PROGRAM)(takes_program(run_tool))


def run_tool(
    words: Words,
    *,
    options: ProgramOptions,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="REQUIREMENT", help="The distribution that contains the command."
        ),
    ] = None,
) -> None:
    """Run a tool from the package index, on a runtime that has wheels for it."""
    name, _, version = words[0].partition("@")
    exact = f"=={version}" if version not in ("", "latest") else ""
    needed = requirement(source or f"{name}{exact}")
    given = replace(options, isolated=True, with_=[str(needed), *(options.with_ or [])])
    command = EntryPoint(kind=ProgramKind.COMMAND, text=name if source else needed.name)
    request = replace(given.request(words), entry=command)
    start(request, words[1:], unjoined(sys.argv[1:], COMMANDS))
