"""The help of each command groups its options and shows examples that work."""

from __future__ import annotations

import shlex
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import typer

from multirt.cli.app import EXAMPLES, OPTIONS, PANELS, Command, build, examples, panels
from multirt.cli.argv import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator


def contexts() -> Iterator[tuple[Any, Any]]:
    """Yield every command that runs something, with its context."""
    group: Any = typer.main.get_command(build(COMMANDS))
    found = [(group, group.make_context("multirt", [], resilient_parsing=True))]
    while found:
        command, context = found.pop()
        children = getattr(command, "commands", {})
        if not children:
            yield command, context
        for name, child in children.items():
            found.append((child, type(context)(child, info_name=name, parent=context)))


def test_each_command_has_an_example() -> None:
    lacking = [context.command_path for _, context in contexts() if not examples(context)]
    assert lacking == []


def test_each_command_has_the_help_of_ours() -> None:
    assert [path for command, path in contexts() if not isinstance(command, Command)] == []


def test_each_option_of_a_group_exists() -> None:
    known = {option.opts[0] for command, _ in contexts() for option in command.params}
    assert set(chain.from_iterable(PANELS.values())) - known == set()


def test_each_option_is_shown_once() -> None:
    for command, context in contexts():
        shown = [name for _, records in panels(command, context) for name, _ in records]
        hidden = [each for each in command.get_params(context) if each.get_help_record(context)]
        assert sorted(shown) == sorted(each.get_help_record(context)[0] for each in hidden)


def test_options_without_a_group_come_last() -> None:
    (found,) = [each for each in contexts() if each[1].command_path == "multirt run"]
    titles = [title for title, _ in panels(*found)]
    assert titles[:3] == ["Arguments", "Choosing a runtime", "Packages"]
    assert titles[-1] == OPTIONS


@pytest.mark.parametrize("line", list(chain.from_iterable(EXAMPLES.values())))
def test_each_example_names_its_command(line: str) -> None:
    arguments = shlex.split(line)
    assert arguments[0] == "multirt"
    assert arguments[1] in COMMANDS
