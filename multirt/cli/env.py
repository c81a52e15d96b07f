"""Show the environments that multirt made, and remove them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import Json, store
from multirt.environments import (
    PruneLimits,
    StoredEnvironment,
    environments,
    forget_resolutions,
    prunable,
    remove,
    sweep,
)
from multirt.errors import ErrorKind, InputError, OperationError

_UNUSED_FOR = "60d"

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be removed, and remove nothing.")
]


def complete_environment(incomplete: str) -> list[str]:
    """Return the names of environments that begin so."""
    names = [each.home.name for each in environments(store())]
    return [each for each in names if each.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    """Add the command with its own subcommands."""
    group = typer.Typer(help="Manage the environments of programs.")
    group.command("list")(list_environments)
    group.command("show")(show_environment)
    group.command("prune")(prune)
    group.command("remove")(remove_named)
    app.add_typer(group, name="env")


def list_environments(*, as_json: Json = False) -> None:
    """List all environments, the most recently used first."""
    found = environments(store())
    if as_json:
        from multirt.report.env import environments_document

        typer.echo(json.dumps(environments_document(found)))
    else:
        from multirt.report.env import print_environments

        print_environments(found, time.time())


def show_environment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The name of an environment, or a prefix of it.",
            autocompletion=complete_environment,
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Show the packages, the programs and the size of an environment."""
    found = _named(environments(store()), name)
    if len(found) > 1:
        names = ", ".join(each.home.name for each in found[:4])
        raise InputError(f"{name} is the start of several: {names}", kind=ErrorKind.ENVIRONMENT)
    if as_json:
        from multirt.report.env import environment_document

        typer.echo(json.dumps({"schema_version": 1, "environment": environment_document(found[0])}))
    else:
        from multirt.report.env import print_environment

        print_environment(found[0], time.time())


def prune(
    *,
    unused_for: Annotated[
        str,
        typer.Option(
            "--unused-for",
            metavar="TIME",
            help="Also remove those unused for this time, as in 60d.",
        ),
    ] = _UNUSED_FOR,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size",
            metavar="SIZE",
            help="Also remove the least recently used until the rest fits.",
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove environments that are old, damaged, or whose runtime is gone."""
    from multirt.report.units import read_duration, read_size

    limits = PruneLimits(
        unused=read_duration(unused_for),
        size=read_size(max_size) if max_size is not None else None,
    )
    here = store()
    meant = prunable(environments(here), limits, time.time())
    used = () if dry_run else _remove(meant)
    if not dry_run:
        sweep(here)
        forget_resolutions(here)
    _say_removed(meant, used, dry_run=dry_run, as_json=as_json)


def remove_named(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Names, prefixes of names, or patterns with `*`.",
            autocompletion=complete_environment,
        ),
    ],
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Remove environments; a program that needs one makes it again."""
    found = environments(store())
    meant = tuple({each.home: each for name in names for each in _named(found, name)}.values())
    used = () if dry_run else _remove(meant)
    _say_removed(meant, used, dry_run=dry_run, as_json=as_json)


def _named(found: tuple[StoredEnvironment, ...], name: str) -> list[StoredEnvironment]:
    """Return the environments that a name means, of which there is at least one.

    Raises:
        MultirtError: none is called so.
    """
    exact = [each for each in found if each.home.name == name]
    named = exact or [each for each in found if fnmatchcase(each.home.name, name)]
    named = named or [each for each in found if name and each.home.name.startswith(name)]
    if not named:
        message = f"no environment is called {name}"
        raise InputError(
            message, "`multirt env list` shows all of them", kind=ErrorKind.ENVIRONMENT
        )
    return named


def _remove(meant: Iterable[StoredEnvironment]) -> tuple[Path, ...]:
    """Remove environments, and return the folders of those that are in use.

    Raises:
        MultirtError: one cannot be removed.
    """
    try:
        return remove(each.home for each in meant)
    except OSError as error:
        message = f"cannot remove {error.filename}: {error.strerror}"
        raise OperationError(message, kind=ErrorKind.ENVIRONMENT) from error


def _say_removed(
    meant: Iterable[StoredEnvironment], used: tuple[Path, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Print what went, how much that frees, and what stays because it is in use."""
    gone = tuple(each for each in meant if each.home not in used)
    if as_json:
        from multirt.report.env import removed_document

        typer.echo(json.dumps(removed_document(gone, used, dry_run=dry_run)))
    else:
        from multirt.report.env import print_removed

        print_removed(gone, used, dry_run=dry_run)
