"""The command line of typer: its commands, how it prints help, and its errors."""

from __future__ import annotations

import importlib
import inspect
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from multirt.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FEW: Final = 12  # options that need no groups
OPTIONS: Final = "Options"  # the group of every other option
PANELS: Final = {
    "Choosing a runtime": (
        *("--python", "--runtime", "--implementation", "--prefer", "--fastest-margin"),
        *("--allow-prerelease", "--try", "--allow", "--profile", "--reference"),
    ),
    "Choosing cells": ("--env", "--axis", "-k", "--last-failed", "--missing"),
    "Packages": (
        *("--with", "--with-requirements", "--from", "--site", "--whole-site", "--build"),
        *("--offline", "--no-lock"),
    ),
    "Project and settings": (
        *("--project", "--no-project", "--no-config", "--isolated", "--python-args"),
    ),
    "Building": ("--wheel", "--fresh"),
    "Measuring": (
        *("--rounds", "--values", "--warmups", "--threads", "--threads-variable", "--check"),
        *("--curves", "--suite", "--suite-pace"),
    ),
    "History": ("--history", "--compare-to", "--fail-on-regression", "--threshold"),
    "Comparing": ("--rule", "--no-rule", "--files", "--input", "--copy", "--hash-seed"),
    "Canary": ("--canary", "--percent", "--shadow", "--repeatable"),
    "Importing": ("--import", "--subinterpreter", "--gil"),
    "Exit code": ("--strict", "--fail-on", "--ignore"),
    "Output": (
        *("--json", "--verbose", "--all", "--format", "--report", "--html", "--output"),
        *("--coverage", "--cov", "--quiet", "--live", "--color", "--dry-run"),
    ),
    OPTIONS: (),
}
EXAMPLES: Final = {
    "run": ("multirt run --python 3.8 tool.py", "multirt run --with requests -m tool"),
    "tool": ("multirt tool black@25.1.0 .", "multirt tool --from httpie http example.org"),
    "explain": ("multirt explain tool.py", "multirt explain --python pypy tool.py"),
    "list": ("multirt list", "multirt list '>=3.12'"),
    "find": ("multirt find 3.13t", "multirt find --explain '>=3.9,<3.12'"),
    "probe": ("multirt probe dist/*.whl", "multirt probe --runtime 3.8 spam.whl"),
    "compare": ("multirt compare -p 3.12 -p pypy tool.py",),
    "bench": ("multirt bench tool.py", "multirt bench -p 3.11 -p pypy tool.py"),
    "bench history": ("multirt bench history tool.py --compare-to first",),
    "canary report": ("multirt canary report",),
    "canary forget": ("multirt canary forget tool.py",),
    "matrix run": ("multirt matrix", "multirt matrix 3.12 py313t -- -k parser"),
    "matrix plan": ("multirt matrix plan",),
    "matrix list": ("multirt matrix list --github",),
    "matrix sync": ("multirt matrix sync -e 3.12",),
    "matrix exec": ("multirt matrix exec -e 3.12 -- python -V",),
    "matrix offer": ("multirt matrix offer 3.8 pypy",),
    "matrix merge": ("multirt matrix merge a.json b.json --report html=all.html",),
    "matrix import": ("multirt matrix import tox >> pyproject.toml",),
    "matrix export": ("multirt matrix export github",),
    "doctor": ("multirt doctor",),
    "cache dir": ("multirt cache dir",),
    "cache info": ("multirt cache info",),
    "cache clear": ("multirt cache clear",),
    "cache plans": ("multirt cache plans",),
    "env list": ("multirt env list",),
    "env show": ("multirt env show cpython-3.12.1-8c1e",),
    "env prune": ("multirt env prune --unused-for 60d --max-size 2GB",),
    "env remove": ("multirt env remove 'cpython-3.8*'",),
    "lock": ("multirt lock tool.py", "multirt lock -p 3.12 -p 3.8 tool.py"),
    "shebang show": ("multirt shebang show tool.py",),
    "shebang set": ("multirt shebang set tool.py", "multirt shebang set --python 3.8 bin/"),
    "shebang unset": ("multirt shebang unset tool.py",),
}


class Command(TyperCommand):
    """A command whose help has groups of options and examples."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer hides its click
        """Return the words of the usage, without the braces around what is required."""
        return [each.strip("{}") for each in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer hides its click
        """Write the arguments and each group of options."""
        for title, records in panels(self, ctx):
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer hides its click
        """Write the examples."""
        with formatter.section("Examples"):
            for line in examples(ctx):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def panels(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:  # noqa: ANN401 - typer hides its click
    """Yield the title of each group of parameters, with the name and the help of each of them."""
    shown = [each for each in command.get_params(ctx) if each.get_help_record(ctx) is not None]
    options = {each.opts[0]: each for each in shown if each.param_type_name == "option"}
    arguments = [each for each in shown if each.param_type_name == "argument"]
    named = {**PANELS, OPTIONS: options.keys() - set(chain.from_iterable(PANELS.values()))}
    if len(options) <= FEW:
        named = {OPTIONS: options.keys()}
    groups = {"Arguments": arguments}
    for title, names in named.items():
        ordered = options if title == OPTIONS else names
        groups[title] = [options[each] for each in ordered if each in names and each in options]
    for title, group in groups.items():
        if group:
            yield title, [each.get_help_record(ctx) for each in group]


def examples(ctx: Any) -> tuple[str, ...]:  # noqa: ANN401 - typer hides its click
    """Return the examples of a command; one without a name has those of its group."""
    named = ctx.parent if ctx.command.hidden else ctx
    return EXAMPLES.get(named.command_path.partition(" ")[2], ())


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


def run_typer(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Do what a command line asks for and return the exit code.

    Raises:
        MultirtError: it is used wrongly.
    """
    try:
        code = app(args=list(arguments), prog_name="multirt", standalone_mode=False)
    except _UsageError as error:
        text = str(getattr(error, "format_message", error.__str__)())
        if text.startswith("Usage: "):  # the help, which is what a group without a subcommand says
            typer.echo(text, err=True)
            return ExitCode.USAGE
        message = text[:1].lower() + text[1:].rstrip(".")
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
