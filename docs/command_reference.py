"""The reference of the commands and the manual page, generated from the command line itself.

As a program (in `nox -s docs`) it writes `docs/multirt.1`, which the wheel installs as the manual
page. Sphinx imports this module for the page of the site.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from multirt.cli.app import OPTIONS, build, examples, panels
from multirt.cli.argv import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MAN_PAGE = Path(__file__).parent / "multirt.1"
_HEADING = """\
:tocdepth: 2

Commands
########

Generated from the command line, which ``multirt COMMAND --help`` shows too.
"""
_BEGIN = """\
#######
multirt
#######

@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
one binary, multiple Python runtimes
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@

:Manual section: 1
:Manual group: multirt

SYNOPSIS
========

| **multirt** *SCRIPT* [*ARGUMENT*]...
| **multirt** *COMMAND* [*OPTION*]... [*ARGUMENT*]...

DESCRIPTION
===========

multirt finds every Python interpreter on your machine, and runs each program on one that can
run it. It also reports which of them can load an extension module, and why the others cannot.
"""
_END = """
EXIT STATUS
===========

``multirt run`` becomes the program that it starts, so the exit status is the program's.
Before that, and in every other command:

0
  Success.
1
  A check failed: a broken promise (probe), a difference (compare), a failed test (matrix).
2
  Wrong usage.
3
  A runtime that the matrix requires is missing or blocked.
4
  The build of a project failed.
5
  No test ran.
125
  multirt itself failed.
126
  The chosen runtime cannot be started.
127
  No runtime fits.

ENVIRONMENT
===========

MULTIRT_PYTHON
  The runtime to use, as with ``--python``.
MULTIRT_SEARCH_PATH
  Further folders to search for runtimes, separated by colons.
MULTIRT_CONFIG
  The settings of the user, in place of ``~/.config/multirt/config.toml``.
MULTIRT_CACHE_DIR
  The folder for caches, environments and plans.
MULTIRT_DATA_DIR, MULTIRT_STATE_DIR
  The folders for measurements, and for the original first lines of scripts.
MULTIRT_PROBE_TIMEOUT
  Seconds that a runtime has to respond to a query; default: 5.
MULTIRT_LOG
  ``debug`` explains on stderr why a cached decision was not used.
NO_COLOR, FORCE_COLOR
  Never or always print colors.
"""


def reference() -> str:
    """Return the reference of all commands in reStructuredText."""
    return "".join([_HEADING, *_sections()])


def man_page() -> str:
    """Return the manual page in roff."""
    from docutils.core import publish_string  # only the manual page needs it

    settings = {"output_encoding": "unicode", "report_level": 2, "halt_level": 2}
    source = "".join([_BEGIN, *_sections(), _END])
    page = str(publish_string(source, writer="manpage", settings_overrides=settings))
    page = page.replace(".SH Name", ".SH NAME", 1)
    return re.sub(r'^\.\\".*\n', "", page, flags=re.MULTILINE)  # it names the version of docutils


def _sections() -> Iterator[str]:
    """Yield the parts of the section of every command."""
    group: Any = typer.main.get_command(build(COMMANDS))
    with group.make_context("multirt", [], resilient_parsing=True) as context:
        for name in COMMANDS:
            yield from _section(group.commands[name], name, context)


def _section(command: Any, name: str, above: Any) -> Iterator[str]:  # noqa: ANN401 - of the click in typer
    """Yield the parts of the section of a command and of its subcommands."""
    context = type(above)(command, info_name=name, parent=above)
    children = {**getattr(command, "commands", {})}
    unnamed = [each for each in children if children[each].hidden]  # what runs without a name
    yield from _page(children.pop(unnamed[0]) if unnamed else command, context)
    for child, subcommand in children.items():
        yield from _section(subcommand, child, context)


def _page(command: Any, context: Any) -> Iterator[str]:  # noqa: ANN401 - of the click in typer
    """Yield what the help of a command shows, below a heading."""
    path = context.command_path
    pieces = command.collect_usage_pieces(context)
    yield f"\n{path}\n{'=' * len(path)}\n\n``{' '.join([path, *pieces])}``\n\n"
    for text in (command.help or "").split("\n\n"):
        yield f"{_escaped(' '.join(text.split()))}\n\n"
    for title, records in panels(command, context):
        if title not in {"Arguments", OPTIONS}:
            yield f"{title}\n{'-' * len(title)}\n\n"
        for record in records:
            name, text = map(_escaped, record)
            yield f"**{name}**\n  {text}\n\n"
    if lines := examples(context):
        yield "Examples::\n\n" + "".join(f"  {line}\n" for line in lines) + "\n"


def _escaped(text: str) -> str:
    """Return text whose backticks are literals and whose other marks are nothing but text."""
    parts = re.split(r"`([^`]+)`", text)
    parts[::2] = [re.sub(r"([*|\\_])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"``{part}``" for part in parts[1::2]]
    return "".join(parts)


if __name__ == "__main__":
    MAN_PAGE.write_text(man_page(), encoding="utf-8")
