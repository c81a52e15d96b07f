"""Say on which runtimes a binary works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import Json, Site, complete_runtime
from multirt.cli.probe_request import Kind, OutputFormat, ProbeArgs, probe_targets
from multirt.probe.model import ImportCheck
from multirt.report.terminal import Color

Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET...", help="Wheels, folders, binaries or installed distributions."
    ),
]
Pythons = Annotated[
    list[str] | None,
    typer.Option(
        "--python",
        "-p",
        metavar="SPEC",
        help="Judge on installed runtimes that fit; may be repeated.",
        autocompletion=complete_runtime,
    ),
]
Described = Annotated[
    list[str] | None,
    typer.Option(
        "--runtime",
        metavar="WORDS",
        help="Judge on any runtime: 3.16, or auto for the tags' own.",
    ),
]
Index = Annotated[
    bool,
    typer.Option("--index", help="Judge all wheels of a release: NAME[==VERSION]."),
]
Coverage = Annotated[
    bool, typer.Option("--coverage", help="Show which versions and platforms lack a wheel.")
]
Import = Annotated[
    bool, typer.Option("--import", help="Import the modules in a process of each runtime.")
]
Subinterpreter = Annotated[
    bool, typer.Option("--subinterpreter", help="Also import them in a sub-interpreter.")
]
Gil = Annotated[bool, typer.Option("--gil", help="Report whether the import turns on the GIL.")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, metavar="SECONDS", help="Time for each import."),
]
Form = Annotated[
    OutputFormat,
    typer.Option(
        "--format",
        metavar="FORMAT",
        show_default=False,
        help="table (default), json, github, sarif or markdown.",
    ),
]
Page = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write a page with a heat map."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also show symbols, floors and hints.")
]
Everything = Annotated[bool, typer.Option("--all", help="Show every reason with every runtime.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")]
Failing = Annotated[
    list[Kind] | None,
    typer.Option(
        "--fail-on", metavar="CAUSE", help="Exit with 1 on this cause too; may be repeated."
    ),
]
Ignored = Annotated[
    list[Kind] | None,
    typer.Option(
        "--ignore", metavar="CAUSE", help="Ignore findings with this cause; may be repeated."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        help="Number of processes; default: automatic.",
    ),
]
Executor = Annotated[
    str | None,
    typer.Option("--executor", metavar="ADDRESS", help="Use a cluster: dask://HOST:PORT."),
]
Colors = Annotated[
    Color,
    typer.Option(
        "--color", metavar="WHEN", show_default=False, help="auto (default), always or never."
    ),
]


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
    """Check on which runtimes a binary works, and why not on others."""
    tried = {
        ImportCheck.IMPORT: imports,
        ImportCheck.SUBINTERPRETER: subinterpreter,
        ImportCheck.GIL: gil,
    }
    args = ProbeArgs(
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
    raise typer.Exit(probe_targets(args))
