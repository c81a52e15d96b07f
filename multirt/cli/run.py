"""Start a program."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from multirt.cli.argv import COMMANDS, split_shebang_args
from multirt.cli.options import (
    PROGRAM,
    Json,
    ProgramArguments,
    ProgramOptions,
    arguments_of,
    takes_program,
)
from multirt.cli.start import say_notes, start
from multirt.errors import UsageError
from multirt.selection.decide import decide
from multirt.selection.plan import plan
from runtimes import RuntimeSpec


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", context_settings=PROGRAM)(takes_program(run_program))


def run_program(
    arguments: ProgramArguments = None,
    *,
    options: ProgramOptions,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would start, and start nothing.")
    ] = False,
    as_json: Json = False,
    canary: Annotated[
        str | None,
        typer.Option(
            "--canary", metavar="SPEC", help="Try a new runtime on a share of the starts."
        ),
    ] = None,
    percent: Annotated[
        float | None,
        typer.Option(
            "--percent",
            metavar="PERCENT",
            min=0,
            max=100,
            help="Share; default: 5, or 100 with --shadow.",
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Also run the canary afterwards, and compare.")
    ] = False,
    repeatable: Annotated[
        bool,
        typer.Option("--repeatable", help="Declare that the program may run twice, for --shadow."),
    ] = False,
) -> None:
    """Run a program on the best compatible runtime."""
    if as_json and not dry_run:
        raise UsageError("--json goes with --dry-run: a program's output is its own")
    if canary is None and (percent is not None or shadow or repeatable):
        raise UsageError("--percent, --shadow and --repeatable go with --canary")
    request = options.request(arguments)
    if canary is not None and not dry_run:
        from multirt.cli.try_canary import CanaryArgs, try_canary

        spec = RuntimeSpec.parse(canary, fork=True)
        args = CanaryArgs(spec=spec, percent=percent, shadow=shadow, repeatable=repeatable)
        try_canary(request, arguments_of(arguments), args)
    if not dry_run:
        start(request, arguments_of(arguments), split_shebang_args(sys.argv[1:], COMMANDS))
    from multirt.report.explain import plan_document, plan_text

    decision = decide(request)
    planned = plan(decision, request, arguments_of(arguments))
    say_notes(decision)
    typer.echo(json.dumps(plan_document(planned)) if as_json else plan_text(planned))
