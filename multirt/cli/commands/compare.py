"""Run one program on every runtime, and say which agree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Json, Site, cache_dir, search
from multirt.cli.tables.progress import Progress
from multirt.comparison import Comparison, Conditions, choose_rules, compare
from multirt.configuration import Wishes
from multirt.contenders import line_up
from multirt.dispatch import Request
from multirt.errors import ExitCode
from multirt.program import entry_of

Contenders = Annotated[
    list[str] | None,
    typer.Option("--python", "-p", help="A runtime to take part, as 3.14 or cpython-3.14.8+jit."),
]
Profiles = Annotated[
    list[str] | None,
    typer.Option("--profile", help="Start runtimes that know it this way too: jit, nojit, gil..."),
]
Reference = Annotated[
    str | None, typer.Option("--reference", help="Whom the others are compared with.")
]
Copy = Annotated[
    Path | None, typer.Option("--copy", help="Give each runtime a copy of this folder to work in.")
]
Files = Annotated[bool, typer.Option("--files", help="Compare also what it writes in its copy.")]
Input = Annotated[Path | None, typer.Option("--input", help="A file for its standard input.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each run.")]
Seed = Annotated[
    str, typer.Option("--hash-seed", help="PYTHONHASHSEED for all; `random` leaves it alone.")
]
Added = Annotated[
    list[str] | None, typer.Option("--rule", help="What may differ too: sets, tracebacks.")
]
Dropped = Annotated[
    list[str] | None,
    typer.Option("--no-rule", help="What may not differ: paths, addresses, timings."),
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page to this file.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", context_settings=PROGRAM)(compare_runtimes)


def compare_runtimes(  # noqa: PLR0913 - the options of one command
    script: Annotated[Path, typer.Argument(help="The script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="For the script; all of it is its own.")
    ] = None,
    *,
    python: Contenders = None,
    profile: Profiles = None,
    reference: Reference = None,
    site: Site = None,
    copy: Copy = None,
    files: Files = False,
    given: Input = None,
    timeout: Timeout = 60.0,
    hash_seed: Seed = "0",
    rule: Added = None,
    no_rule: Dropped = None,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Run a program on every runtime that fits, and say which of them agree."""
    conditions = Conditions(
        env=dict(os.environ),
        folder=Path.cwd(),
        copy=copy,
        files=files,
        input=given,
        seconds=timeout,
        seed=None if hash_seed == "random" else hash_seed,
        rules=choose_rules(rule or (), no_rule or ()),
    )
    entry, _ = entry_of([str(script)], Path.cwd())
    wishes = Wishes(sites=tuple(site or ()))
    request = Request(entry=entry, wishes=wishes, search=search(), cache_dir=cache_dir())
    field = line_up(request, arguments or [], python or [], profile or [], reference)
    with Progress(len(field.contenders)) as progress:
        comparison = compare(field, conditions, progress.step)
    _show(comparison, html=html, as_json=as_json)
    if not comparison.agree:
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(comparison: Comparison, *, html: Path | None, as_json: bool) -> None:
    """Print it, as a document or for people, and write the page."""
    if as_json:
        from multirt.cli.documents.comparison import compare_document

        typer.echo(json.dumps(compare_document(comparison)))
    else:
        from multirt.cli.tables.comparison import print_comparison

        print_comparison(comparison)
    if html is not None:
        from multirt.cli.pages.comparison import write_comparison

        write_comparison(comparison, html)
