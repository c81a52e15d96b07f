"""Show and empty what multirt remembers."""

from __future__ import annotations

import json
import os

import typer

from multirt.cli.options import Json, cache_dir
from multirt.errors import ExitCode, MultirtError
from runtimes import cache_info, clear_cache


def register(app: typer.Typer) -> None:
    """Add the command with its own subcommands."""
    group = typer.Typer(help="What multirt remembers, and can find out again.")
    group.command("dir")(show_folder)
    group.command("info")(show_state)
    group.command("clear")(forget)
    app.add_typer(group, name="cache")


def show_folder() -> None:
    """Print the folder."""
    typer.echo(os.fsencode(cache_dir()))


def show_state(*, as_json: Json = False) -> None:
    """Say how much is remembered, and whether it can be used."""
    info = cache_info(cache_dir())
    if as_json:
        from multirt.cli.documents.cache import cache_document

        typer.echo(json.dumps({"schema_version": 1, "cache": cache_document(info)}))
    else:
        from multirt.cli.tables.cache import print_cache

        print_cache(info)


def forget(*, as_json: Json = False) -> None:
    """Forget what runtimes have answered; they are asked again when that is next needed."""
    try:
        count = clear_cache(cache_dir())
    except OSError as error:
        message = f"cannot remove {error.filename}: {error.strerror}"
        raise MultirtError("cache", message, code=ExitCode.FAILED) from error
    words = {"schema_version": 1, "removed": count}
    typer.echo(json.dumps(words) if as_json else f"forgot {count} answers of runtimes")
