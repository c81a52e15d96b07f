"""Say which runtime a program would be started on."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from multirt.cli.options import PROGRAM, Json, ProgramArguments, ProgramOptions, takes_program
from multirt.errors import ExitCode
from multirt.selection.decide import decide


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", context_settings=PROGRAM)(takes_program(explain_choice))


def explain_choice(
    arguments: ProgramArguments = None,
    *,
    options: ProgramOptions,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every objection, setting and file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show which runtime a program would use, and what rules out the others."""
    request = options.request(arguments, evaluate_all=True)
    decision = decide(request)
    if as_json:
        from multirt.report.explain import explain_document

        typer.echo(json.dumps(explain_document(decision)))
    else:
        from multirt.report.explain import print_decision

        print_decision(decision, verbose=verbose)
        if verbose and decision.wanted is not None and decision.chosen is not None:
            from multirt.environments import maker_for
            from multirt.report.env import print_maker

            print_maker(maker_for(decision.chosen.runtime, request.cache_dir))
    if decision.chosen is None:
        raise typer.Exit(ExitCode.NOTHING_FITS)
