"""The command line, made of the subcommands that are asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable


def build(names: Iterable[str]) -> typer.Typer:
    """Return the command line with some of the subcommands."""
    app = typer.Typer(
        name="multirt",
        help="One binary, multiple Python runtimes.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_group)
    for name in names:
        importlib.import_module(f"multirt.cli.commands.{name}").register(app)
    return app


def valued_options(app: typer.Typer, name: str) -> frozenset[str]:
    """Return the options of a subcommand that take a value."""
    group = typer.main.get_command(app)
    command = getattr(group, "commands", {}).get(name, group)
    return frozenset(
        option
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False)
        for option in parameter.opts
    )


def _group() -> None:
    """One binary, multiple Python runtimes."""
