"""Run a tool from a package index."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer
from msgspec.structs import replace
from packaging.version import InvalidVersion, Version

from multirt.cli.argv import COMMANDS, requirement, split_shebang_args
from multirt.cli.options import PROGRAM, ProgramOptions, store, takes_program
from multirt.cli.start import start
from multirt.program.model import EntryPoint, ProgramKind

ProgramArguments = Annotated[
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
    arguments: ProgramArguments,
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
    text, latest = _required(source or arguments[0])
    needed = requirement(text)
    given = replace(options, isolated=True, with_=[str(needed), *(options.with_ or [])])
    command = EntryPoint(kind=ProgramKind.COMMAND, text=arguments[0] if source else needed.name)
    request = replace(given.request(arguments), entry=command)
    if latest and not options.offline:
        request = replace(request, store=partial(store, refresh=True))
    start(request, arguments[1:], split_shebang_args(sys.argv[1:], COMMANDS))


def _required(text: str) -> tuple[str, bool]:
    """Return the requirement that TOOL[@VERSION] stands for, and whether it is `@latest`."""
    name, _, version = text.partition("@")
    if version in ("", "latest"):
        return name, version == "latest"
    try:
        Version(version)
    except InvalidVersion:  # `NAME @ URL`, or wrong
        return text, False
    return f"{name}=={version}", False
