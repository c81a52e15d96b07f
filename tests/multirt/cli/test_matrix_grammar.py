"""Which command of `multirt matrix` some words mean."""

from __future__ import annotations

import pytest
import typer

from multirt.cli.app import command_of
from multirt.cli.matrix import register, with_command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "run", id="nothing"),
        pytest.param("3.12", "run 3.12", id="a cell"),
        pytest.param("list --json", "list --json", id="first"),
        pytest.param("--project . list", "list --project .", id="after an option with a value"),
        pytest.param("--project=. -q list", "list --project=. -q", id="after a flag"),
        pytest.param("-e list 3.12", "run -e list 3.12", id="a value that is one's name"),
        pytest.param("3.12 list", "run 3.12 list", id="after a cell"),
        pytest.param("-- list", "run -- list", id="words for the tests"),
        pytest.param("-j 2 -- plan", "run -j 2 -- plan", id="likewise, after options"),
        pytest.param("--help", "--help", id="help"),
    ],
)
def test_the_command_that_is_meant(text: str, expected: str) -> None:
    app = typer.Typer()
    register(app)
    commands = command_of(app, "matrix").commands
    assert with_command(text.split(), commands) == expected.split()
