"""Test a project on every runtime; each subcommand of `multirt matrix` is a module here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from multirt.cli.matrix.convert import export_configuration, import_configuration
from multirt.cli.matrix.grammar import RunByDefault, WithRest
from multirt.cli.matrix.merge import merge_reports
from multirt.cli.matrix.offer import offer_runtimes
from multirt.cli.matrix.plan import list_cells, plan_cells
from multirt.cli.matrix.run import exec_command, run_matrix, sync_environments

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("run", run_matrix),
    ("plan", plan_cells),
    ("list", list_cells),
    ("sync", sync_environments),
    ("exec", exec_command),
    ("offer", offer_runtimes),
    ("merge", merge_reports),
    ("import", import_configuration),
    ("export", export_configuration),
)


def register(app: typer.Typer) -> None:
    """Add the command with its own subcommands; `run` is meant where none is named."""
    group = typer.Typer(
        cls=RunByDefault,
        help="Test one built wheel on every runtime; `run` where no command is named.",
    )
    for name, function in _COMMANDS:
        group.command(name, cls=WithRest)(function)
    app.add_typer(group, name="matrix")
