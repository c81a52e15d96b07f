"""The commands in the documentation exist, and its transcripts come from a script."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from multirt.cli.app import build, valued_options
from multirt.cli.argv import COMMANDS, TAKE_PROGRAMS, separate_program

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- (record|measured): (\S+)[^>]*-->\n)?```console\n(.*?)^```", re.MULTILINE | re.DOTALL
)
SHELL = {"|", ">", ">>", "&&", ";", "2>"}


def commands(page: Path) -> list[str]:
    """Return the words of each `$ multirt ...` line of a page."""
    found = []
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        found += re.findall(r"^\$ (?:[A-Z_]+=\S+ )*(multirt .*)", block[3], re.MULTILINE)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_command_in_the_documentation_parses(page: Path) -> None:
    group: Any = typer.main.get_command(build(COMMANDS))
    for line in commands(page):
        arguments = shlex.split(line, comments=True)[1:]
        arguments = arguments[
            : next((at for at, part in enumerate(arguments) if part in SHELL), None)
        ]
        if arguments[0] not in COMMANDS:
            arguments = ["run", *arguments]
        if arguments[0] in TAKE_PROGRAMS:
            arguments[1:] = separate_program(
                arguments[1:], valued_options(group.commands[arguments[0]])
            )
        command, name, arguments = group.commands[arguments[0]], arguments[0], arguments[1:]
        context = command.make_context(name, arguments)
        while hasattr(command, "commands"):
            arguments = [*context._protected_args, *context.args]
            name, command, arguments = command.resolve_command(context, arguments)
            context = command.make_context(name, arguments, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"""(?:\]\(|(?:src|srcset)=")(?!https?:|#)([^)"#]+)""", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_transcript_names_the_script_that_makes_it(page: Path) -> None:
    for kind, source, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if all(line.startswith("$ ") for line in text.splitlines()):
            continue
        assert kind, f"no script makes this:\n{text}"
        assert kind == "record" or (ROOT / source).exists()
