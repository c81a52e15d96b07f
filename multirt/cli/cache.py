"""Show and empty what multirt has cached."""

from __future__ import annotations

import json
import os

import typer

from multirt.cli.options import Json, cache_dir
from multirt.errors import ErrorKind, OperationError
from multirt.launch.plan_listing import clear_plans, stored_plans
from runtimes import cache_info, clear_cache


def register(app: typer.Typer) -> None:
    """Add the command with its own subcommands."""
    group = typer.Typer(help="Show or delete cached facts and decisions.")
    group.command("dir")(show_folder)
    group.command("info")(show_state)
    group.command("clear")(forget)
    group.command("plans")(show_plans)
    app.add_typer(group, name="cache")


def show_folder() -> None:
    """Print the folder of the cache."""
    typer.echo(os.fsencode(cache_dir()))


def show_state(*, as_json: Json = False) -> None:
    """Show how much is cached."""
    info = cache_info(cache_dir())
    if as_json:
        from multirt.report.cache import cache_document

        typer.echo(json.dumps({"schema_version": 1, "cache": cache_document(info)}))
    else:
        from multirt.report.cache import print_cache

        print_cache(info)


def show_plans(*, as_json: Json = False) -> None:
    """List the cached decisions, with age and last use."""
    plans = stored_plans(cache_dir(), os.environb)
    if as_json:
        documents = [
            {
                "file": str(each.path),
                "question": list(each.question),
                "executable": each.executable,
                "written": each.written,
                "used": each.used,
                "refused": each.refused,
            }
            for each in plans
        ]
        typer.echo(json.dumps({"schema_version": 1, "plans": documents}))
    else:
        from multirt.report.cache import print_plans

        print_plans(plans)


def forget(*, as_json: Json = False) -> None:
    """Delete cached facts about runtimes, and all plans."""
    try:
        plans = clear_plans(cache_dir())
        count = clear_cache(cache_dir())
    except OSError as error:
        message = f"cannot remove {error.filename}: {error.strerror}"
        raise OperationError(message, kind=ErrorKind.CACHE) from error
    document = {"schema_version": 1, "removed": count, "plans": plans}
    text = f"forgot {count} answers of runtimes and {plans} plans"
    typer.echo(json.dumps(document) if as_json else text)
