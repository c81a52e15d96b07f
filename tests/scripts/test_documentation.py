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
        words = shlex.split(line, comments=True)[1:]
        words = words[: next((at for at, word in enumerate(words) if word in SHELL), None)]
        if words[0] not in COMMANDS:
            words = ["run", *words]
        if words[0] in TAKE_PROGRAMS:
            words[1:] = separate_program(words[1:], valued_options(group.commands[words[0]]))
        command, name, words = group.commands[words[0]], words[0], words[1:]
        context = command.make_context(name, words)
        while hasattr(command, "commands"):
            words = [*context._protected_args, *context.args]
            name, command, words = command.resolve_command(context, words)
            context = command.make_context(name, words, parent=context)


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
