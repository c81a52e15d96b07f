"""The command line, made of the subcommands that are asked for."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from multirt.cli.command_help import Command
from multirt.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # of the click in typer, unnamed there


def build(names: Iterable[str]) -> typer.Typer:
    """Return the command line with some of the subcommands."""
    app = _empty()
    for name in names:
        importlib.import_module(f"multirt.cli.{name}").register(app)
    _summarize(app)
    return app


def _summarize(app: typer.Typer) -> None:
    """Let every list of commands show the whole first sentence of each; else it is cut."""
    for command in app.registered_commands:
        command.cls = Command if command.cls is TyperCommand else command.cls
        if command.callback is not None and command.short_help is None:
            first = (inspect.getdoc(command.callback) or "").partition("\n\n")[0]
            command.short_help = first.replace("\n", " ")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _summarize(group.typer_instance)


def build_overview(summaries: Mapping[str, str]) -> typer.Typer:
    """Return a command line that can say what there is and nothing more."""
    app = _empty()
    for name, summary in summaries.items():
        app.command(name, help=summary)(_nothing)
    return app


def _empty() -> typer.Typer:
    app = typer.Typer(
        name="multirt",
        help="One binary, multiple Python runtimes.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    )
    app.callback()(_group)
    return app


def command_of(app: typer.Typer, name: str) -> Any:  # noqa: ANN401 - of the click in typer
    """Return a subcommand; the only one where there is one."""
    group = typer.main.get_command(app)
    return getattr(group, "commands", {}).get(name, group)


def valued_options(command: Any) -> frozenset[str]:  # noqa: ANN401 - of the click in typer
    """Return the options of a command that take a value."""
    return frozenset(
        option
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False)
        for option in parameter.opts
    )


def answer(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Do what a command line asks for and return the exit code.

    Raises:
        MultirtError: it is used wrongly.
    """
    try:
        code = app(args=list(arguments), prog_name="multirt", standalone_mode=False)
    except _UsageError as error:
        words = str(getattr(error, "format_message", error.__str__)())
        if words.startswith("Usage: "):  # the help, which is what a group without a subcommand says
            typer.echo(words, err=True)
            return ExitCode.USAGE
        message = words[:1].lower() + words[1:].rstrip(".")
        where = _typed(getattr(error, "ctx", None))
        hint = _meant(arguments) if where == "multirt" else None
        hint = hint or f"{_nearest(message)}`{where} --help` shows what there is"
        raise UsageError(message, hint) from error
    return code if isinstance(code, int) else 0


def _typed(context: Any) -> str:  # noqa: ANN401 - of the click in typer
    """Return the command as people write it, without the names that they leave out."""
    if context is None:
        return "multirt"
    if context.parent is None:
        return str(context.info_name)
    above = _typed(context.parent)
    return above if context.command.hidden else f"{above} {context.info_name}"


def _meant(arguments: Sequence[str]) -> str | None:
    """Return what to write instead of words that begin with no command."""
    from multirt.cli.argv import COMMANDS
    from multirt.selection.console_script import suggest_command  # 60 ms, where something is wrong

    first = arguments[0]
    if first in COMMANDS:  # an option of it lacks its value, and typer does not say whose it is
        return f"`multirt {first} --help` shows what there is"
    if first.startswith("-"):
        return "options come after the command, as in `multirt run --python 3.12 tool.py`"
    return suggest_command(first, arguments[1:], Path.cwd())


def _nearest(message: str) -> str:
    """Ask for the choice that a refused word is like; nothing where it is like none."""
    refused = re.search(r"'([^']*)' is not one of (.*)", message)
    if refused is None:
        return ""
    from multirt.config.toml_table import nearest

    near = nearest(refused[1], re.findall(r"'([^']+)'", refused[2]))
    return f"did you mean {near!r}? " if near else ""


def _group(
    *,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.")
    ] = False,
) -> None:
    """One binary, multiple Python runtimes."""


def _nothing() -> None:
    pass
