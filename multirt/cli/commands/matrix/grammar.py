"""How the words after `multirt matrix` are read: `run` is the default, `--` ends our words."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

REST = "multirt.rest"


class RunByDefault(TyperGroup):
    """A group of commands in which `run` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Put `run` before words that begin with no command of this group."""
        asks_for_help = args[:1] in (["--help"], ["-h"])
        if not asks_for_help and (not args or args[0] not in self.commands):
            args = ["run", *args]
        return super().parse_args(ctx, args)


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
