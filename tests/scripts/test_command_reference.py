"""The manual page is that of the command line."""

from __future__ import annotations

import re

from command_reference import MAN_PAGE, man_page, reference
from multirt.cli.argv import COMMANDS


def test_the_manual_page_is_up_to_date() -> None:
    assert MAN_PAGE.read_text(encoding="utf-8") == man_page(), "run `nox -s docs`"


def test_the_reference_has_a_section_for_each_command() -> None:
    sections = re.findall(r"^multirt (\S+)\n=+$", reference(), flags=re.MULTILINE)
    assert sections == [*COMMANDS]


def test_the_reference_shows_each_option_of_a_subcommand() -> None:
    section = reference().partition("\nmultirt env prune\n")[2].partition("\nmultirt ")[0]
    assert "**--unused-for " in section
    assert "**--max-size " in section


def test_the_reference_shows_the_options_of_a_command_that_has_subcommands() -> None:
    section = reference().partition("\nmultirt bench\n")[2].partition("\nmultirt ")[0]
    assert "``multirt bench [OPTIONS] [PROGRAM [ARGUMENT]...]``" in section
    assert "**--rounds " in section
