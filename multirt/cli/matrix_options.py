"""The options and the grammar of `multirt matrix`: `run` is the default, `--` ends our words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from multirt.cli.app import valued_options
from multirt.errors import MultirtError
from multirt.report.matrix import check_place, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Cells, tasks or runtimes: 3.12, py312, 3.12-django5.2, lint.", metavar="NAME..."
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", "-e", metavar="NAME", help="Run only this cell; may be repeated."),
]
Axis = Annotated[
    list[str] | None,
    typer.Option("--axis", "-a", metavar="AXIS=VALUE", help="Only this value; may be repeated."),
]
Keywords = Annotated[
    str | None,
    typer.Option("-k", metavar="EXPR", help="Only cells that match: '3.12 and not t'."),
]
Project = Annotated[
    Path | None, typer.Option("--project", metavar="DIR", help="The project; else the nearest.")
]
Wheel = Annotated[
    list[Path] | None,
    typer.Option("--wheel", metavar="FILE", help="Test a wheel built elsewhere; may be repeated."),
]
Missing = Annotated[
    str | None,
    typer.Option(
        "--missing", metavar="error|skip", help="Treat a missing runtime as an error or skip it."
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Build, resolve and install everything again.")
]
Github = Annotated[
    bool, typer.Option("--github", help="Print the matrix of a GitHub workflow, for fromJSON.")
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Cells at a time.")
]
FailFast = Annotated[bool, typer.Option("--fail-fast", "-x", help="Stop at the first trouble.")]
Live = Annotated[bool, typer.Option("--live", help="Show what the tests print, as it comes.")]
IsQuiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the summary.")]
LastFailed = Annotated[
    bool, typer.Option("--last-failed", "--lf", help="Only the cells that failed last time.")
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="For each cell.")
]
Grace = Annotated[
    float | None,
    typer.Option(
        "--grace", min=0.1, metavar="SECONDS", help="To clean up after Ctrl-C; default: 10."
    ),
]
Executor = Annotated[
    str | None,
    typer.Option(
        "--executor", metavar="ADDRESS", help="Test on the workers of a cluster: dask://HOST:PORT."
    ),
]
Cover = Annotated[bool, typer.Option("--cov", help="Measure coverage and combine it.")]
Reports = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="KIND=FILE", help="json, junit, md or html; may be repeated."),
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="The same as --report html=FILE.")
]


def axes(words: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Return the axis and the value that each `AXIS=VALUE` names.

    Raises:
        MultirtError: one has no `=`.
    """
    pairs = []
    for word in words or ():
        name, sign, value = word.partition("=")
        if not (name and sign and value):
            message = f"-a takes an axis and a value, not {word!r}"
            raise MultirtError("usage", message, "write for example -a django=5.2")
        pairs.append((name, value))
    return tuple(pairs)


def reports_of(words: list[str] | None, html: Path | None) -> list[tuple[str, Path]]:
    """Return the kind and the file of each report that is asked for.

    Raises:
        MultirtError: one is of no kind that there is, or cannot be written.
    """
    asked = [wanted(each) for each in words or ()]
    asked += [("html", html)] if html is not None else []
    return [(kind, check_place(file)) for kind, file in asked]


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
