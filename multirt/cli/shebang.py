"""Show and change the first lines of scripts."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.context import own_folder
from multirt.cli.options import Json, Python
from multirt.errors import ErrorKind, ExitCode, MultirtError, ProgramError
from multirt.program.shebang_rewrite import (
    ShebangChange,
    head_of,
    put,
    read_shebang_line,
    scripts_in,
    take_back,
)
from multirt.report.terminal import escaped
from runtimes import RuntimeSpec

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Scripts, or folders of them.")
]


def register(app: typer.Typer) -> None:
    """Add the command with its three verbs."""
    group = typer.Typer(
        help="Make scripts start through multirt by their first line, or undo it.",
        no_args_is_help=True,
    )
    group.command("show")(show_lines)
    group.command("set")(set_lines)
    group.command("unset")(unset_lines)
    app.add_typer(group, name="shebang")


def show_lines(paths: Paths, *, as_json: Json = False) -> None:
    """Print the first line of each script."""
    rows = []
    for path in _scripts(paths):
        try:
            line = read_shebang_line(head_of(path))
        except OSError as error:
            raise ProgramError(
                f"cannot read {path}: {error.strerror}", kind=ErrorKind.SHEBANG
            ) from error
        text = line.text.decode("utf-8", "replace").rstrip() if line.text is not None else None
        rows.append({"path": str(path), "line": text, "multirt": line.through_multirt})
    if as_json:
        typer.echo(json.dumps({"schema_version": 1, "scripts": rows}))
        return
    for row in rows:
        typer.echo(f"{escaped(row['path'])}: {escaped(row['line'] or 'no #! line')}")


def set_lines(
    paths: Paths,
    *,
    python: Python = None,
    as_json: Json = False,
) -> None:
    """Make scripts start through multirt by their first line."""
    specs = [str(RuntimeSpec.parse(text, fork=True)) for text in python or ()]
    _each(paths, lambda path: put(path, specs, _records()), as_json=as_json)


def unset_lines(paths: Paths, *, as_json: Json = False) -> None:
    """Restore the original first line of scripts."""
    _each(paths, lambda path: take_back(path, _records()), as_json=as_json)


def _each(paths: list[Path], change: Callable[[Path], ShebangChange], *, as_json: bool) -> None:
    """Change every script that can be, and say which could not."""
    changes, troubles = [], []
    for path in _scripts(paths):
        try:
            changes.append(change(path))
        except MultirtError as error:
            troubles.append(error)
    if as_json:
        rows = [
            {"path": str(each.path), "before": each.before, "after": each.after} for each in changes
        ]
        wrong = [{"message": each.message, "hint": each.hint} for each in troubles]
        typer.echo(json.dumps({"schema_version": 1, "scripts": rows, "unchanged": wrong}))
    else:
        for each in changes:
            typer.echo(f"{escaped(each.path)}: {escaped(each.after or 'no #! line')}")
        starting = [str(each.path) for each in changes if each.after is not None]
        unstarted = [each for each in starting if not os.access(each, os.X_OK)]
        if unstarted:
            again = shlex.join(["chmod", "+x", *unstarted])
            typer.echo(f"multirt: not executable yet: {again}", err=True)
    for trouble in troubles:
        hint = f"\n  {trouble.hint}" if trouble.hint else ""
        typer.echo(f"multirt: {escaped(trouble.message)}{hint}", err=True)
    if troubles:
        raise typer.Exit(ExitCode.USAGE)


def _scripts(paths: list[Path]) -> tuple[Path, ...]:
    """Return the scripts that paths mean.

    Raises:
        MultirtError: there are none, or a path cannot be read.
    """
    scripts = scripts_in(paths)
    if not scripts:
        hint = "of a folder, those count whose first line starts Python; name others by their path"
        raise ProgramError("no scripts there that start Python", hint, kind=ErrorKind.SHEBANG)
    return scripts


def _records() -> Path:
    """Return where former first lines are kept; they must outlive the cache."""
    return own_folder("state") / "shebangs"
