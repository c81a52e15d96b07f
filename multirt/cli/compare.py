"""Run one program on every runtime, and say which agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.compare_options import CompareOptions, Html
from multirt.cli.options import PROGRAM, Json
from multirt.cli.program_options import ProgramOptions, Words, takes_program
from multirt.errors import ExitCode
from multirt.experiments.compare import Comparison, compare
from multirt.report.progress import Progress

Files = Annotated[bool, typer.Option("--files", help="Also compare the files written in the copy.")]
Input = Annotated[
    Path | None, typer.Option("--input", metavar="FILE", help="Standard input; default: empty.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", context_settings=PROGRAM)(takes_program(compare_runtimes))


def compare_runtimes(
    words: Words = None,
    *,
    options: ProgramOptions,
    terms: CompareOptions,
    files: Files = False,
    given: Input = None,
    html: Html = None,
    as_json: Json = False,
) -> None:
    """Run a program on every compatible runtime, and compare the results."""
    conditions = terms.conditions(files=files, given=given)
    field = terms.field(words, options)
    with Progress(len(field.contenders)) as progress:
        comparison = compare(field, conditions, progress.step)
    _show(comparison, html=html, as_json=as_json)
    if not comparison.agree:
        raise typer.Exit(ExitCode.DIFFERENT)


def _show(comparison: Comparison, *, html: Path | None, as_json: bool) -> None:
    """Print it, as a document or for people, and write the page."""
    if as_json:
        from multirt.report.compare import compare_document

        typer.echo(json.dumps(compare_document(comparison)))
    else:
        from multirt.report.compare import print_comparison

        print_comparison(comparison)
    if html is not None:
        from multirt.report.compare import write_comparison

        write_comparison(comparison, html)
