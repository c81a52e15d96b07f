"""How the words after `multirt matrix` are read: `run` is the default, `--` ends our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from multirt.cli.app import valued_options

if TYPE_CHECKING:
    from collections.abc import Mapping

REST = "multirt.rest"


class RunByDefault(TyperGroup):
    """A group of commands in which `run` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Put the command first, and `run` where none is named."""
        return super().parse_args(ctx, with_command(args, self.commands))


def with_command(args: list[str], commands: Mapping[str, Any]) -> list[str]:
    """Return words with the command first; `run` where the first that is no option names none."""
    if args[:1] in (["--help"], ["-h"]):
        return args
    valued = frozenset[str]().union(*map(valued_options, commands.values()))
    takes_value = False
    for place, word in enumerate(args):
        if word == "--":
            break
        if takes_value or word.startswith("-"):
            takes_value = not takes_value and word in valued
        elif word in commands:
            return [word, *args[:place], *args[place + 1 :]]
        else:
            break
    return ["run", *args]


class WithRest(TyperCommand):
    """A command whose words after `--` belong to another."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Set the words after `--` aside."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[REST] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def rest(ctx: typer.Context) -> tuple[str, ...]:
    """Return the words after `--`."""
    words: tuple[str, ...] = ctx.meta.get(REST, ())
    return words
