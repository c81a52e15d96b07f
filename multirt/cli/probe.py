"""Say on which runtimes a binary works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import Json, Site
from multirt.cli.probe_request import Kind, OutputFormat, ProbeArgs, probe_targets
from multirt.probe.model import ImportCheck
from multirt.report.terminal import Color

_TRIED = "in child processes of the runtimes"

Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET...", help="Wheels, folders, binaries or installed distributions."
    ),
]
Pythons = Annotated[
    list[str] | None,
    typer.Option(
        "--python", "-p", metavar="SPEC", help="Judge on the runtimes that fit; repeatable."
    ),
]
Described = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime",
        metavar="WORDS",
        help="Judge on one that need not be here: 3.16, auto (the wheel's own).",
    ),
]
Index = Annotated[
    bool,
    typer.Option("--index", help="Take NAME[==VERSION] from the index: the wheels of a release."),
]
Coverage = Annotated[
    bool, typer.Option("--coverage", help="Show which versions and platforms no wheel serves.")
]
Import = Annotated[bool, typer.Option("--import", help=f"Prove it: import the modules {_TRIED}.")]
Subinterpreter = Annotated[
    bool, typer.Option("--subinterpreter", help=f"Import in a sub-interpreter {_TRIED}.")
]
Gil = Annotated[bool, typer.Option("--gil", help="See whether importing turns the GIL on.")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, metavar="SECONDS", help="Time that one module may take."),
]
Form = Annotated[OutputFormat, typer.Option("--format", help="How to print it.")]
Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with a heat map as well."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print symbols, floors and hints as well.")
]
Everything = Annotated[bool, typer.Option("--all", help="Print every reason.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")]
Failing = Annotated[
    list[Kind] | None,
    typer.Option("--fail-on", metavar="CAUSE", help="Fail on this cause too; repeatable."),
]
Ignored = Annotated[
    list[Kind] | None,
    typer.Option("--ignore", metavar="CAUSE", help="Neither show nor count it; repeatable."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes; as many as pay off."),
]
Executor = Annotated[
    str | None,
    typer.Option("--executor", metavar="ADDRESS", help="A cluster to use: dask://HOST:PORT."),
]
Colors = Annotated[Color, typer.Option("--color", help="When to use colors.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probe")(probe_command)


def probe_command(
    targets: Targets,
    *,
    python: Pythons = None,
    runtime: Described = None,
    site: Site = None,
    index: Index = False,
    coverage: Coverage = False,
    imports: Import = False,
    subinterpreter: Subinterpreter = False,
    gil: Gil = False,
    timeout: Timeout = 60.0,
    as_json: Json = False,
    shape: Form = OutputFormat.TABLE,
    html: Page = None,
    verbose: Verbose = False,
    everything: Everything = False,
    strict: Strict = False,
    fail_on: Failing = None,
    ignore: Ignored = None,
    jobs: Jobs = None,
    executor: Executor = None,
    color: Colors = Color.AUTO,
) -> None:
    """Say on which runtimes a binary works, where not, and why."""
    tried = {
        ImportCheck.IMPORT: imports,
        ImportCheck.SUBINTERPRETER: subinterpreter,
        ImportCheck.GIL: gil,
    }
    asked = ProbeArgs(
        targets=targets,
        python=python or (),
        runtime=runtime or (),
        site=site or (),
        index=index,
        coverage=coverage,
        trials=tuple(trial for trial, wanted in tried.items() if wanted),
        seconds=timeout,
        shape=OutputFormat.JSON if as_json else shape,
        html=html,
        verbose=verbose,
        everything=everything,
        strict=strict,
        fail_on=fail_on or (),
        ignore=ignore or (),
        jobs=jobs,
        executor=executor,
        color=color,
    )
    raise typer.Exit(probe_targets(asked))
