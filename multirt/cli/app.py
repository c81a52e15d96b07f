"""The subcommands: each makes a request, asks the library, and renders the answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from multirt.errors import ExitCode, MultirtError
from runtimes import NoRuntimeError, Search, discover, find
from runtimes import RuntimeSpec as Spec

app = typer.Typer(
    name="multirt",
    help="One binary, multiple Python runtimes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_PROGRAM = {"allow_interspersed_args": False}  # what follows the program is the program's
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ask every runtime anew.")]
Python = Annotated[
    list[str] | None,
    typer.Option("--python", "-p", help="A runtime to use; repeat in order of preference."),
]
Site = Annotated[
    list[Path] | None, typer.Option("--site", help="A folder of installed packages; repeatable.")
]


def cache_dir() -> Path:
    """Return the folder for everything that can be made again."""
    override = os.environ.get("MULTIRT_CACHE_DIR")
    if override:
        return Path(override)
    from platformdirs import user_cache_path  # 18 ms

    return user_cache_path("multirt")


def search(*, refresh: bool = False) -> Search:
    """Return the search that this process's environment asks for."""
    text = os.environ.get("MULTIRT_PROBE_TIMEOUT", "5")
    try:
        timeout = float(text)
    except ValueError as error:
        message = f"MULTIRT_PROBE_TIMEOUT is no number of seconds: {text!r}"
        raise MultirtError("usage", message) from error
    return Search(
        env=dict(os.environ),
        home=Path.home(),
        cwd=Path.cwd(),
        cache_dir=cache_dir(),
        timeout=timeout,
        refresh=refresh,
    )


def specs(words: list[str] | None) -> tuple[Spec, ...]:
    """Return the runtimes that were asked for, by option or by variable."""
    chosen = words or ([os.environ["MULTIRT_PYTHON"]] if os.environ.get("MULTIRT_PYTHON") else [])
    return tuple(Spec.parse(word) for word in chosen)


@app.command("list")
def list_runtimes(
    spec: Annotated[str | None, typer.Argument(help="Only those that fit.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what could not be used, and why.")
    ] = False,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """List every Python runtime of this machine."""
    wanted = Spec.parse(spec) if spec is not None else None
    found = discover(search(refresh=refresh))
    shown = [each for each in found.runtimes if wanted is None or wanted.accepts(each)]
    if as_json:
        from multirt.cli.documents import list_document

        typer.echo(json.dumps(list_document(shown, found.rejected)))
        return
    from multirt.cli.tables import print_rejected, print_runtimes

    if not shown:
        raise NoRuntimeError(spec or "any", tuple(each.id for each in found.runtimes))
    print_runtimes(shown)
    if everything:
        print_rejected(found.rejected)


@app.command("find")
def find_runtime(
    spec: Annotated[str, typer.Argument(help="3.12, 3.13t, 3.8d, pypy, '>=3.9,<3.12', a path")],
    *,
    as_json: Json = False,
    refresh: Refresh = False,
) -> None:
    """Print the path of the best runtime that fits."""
    from multirt.dispatch import with_named

    wanted = Spec.parse(spec)
    looked = search(refresh=refresh)
    runtime = find(wanted, with_named(discover(looked).runtimes, (wanted,), looked))
    if as_json:
        from multirt.cli.documents import find_document

        typer.echo(json.dumps(find_document(runtime)))
    else:
        typer.echo(os.fsencode(runtime.executable))


@app.command("probe")
def probe_targets(
    targets: Annotated[
        list[str], typer.Argument(help="Wheels, folders, binaries or installed distributions.")
    ],
    *,
    python: Python = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say on which runtimes a binary works, where not, and why."""
    from multirt.probing import Probing, probe

    found = probe(
        Probing(
            targets=tuple(targets),
            specs=specs(python),
            sites=tuple(site or ()),
            search=search(),
        )
    )
    if as_json:
        from multirt.cli.documents import probe_document

        typer.echo(json.dumps(probe_document(found)))
    else:
        from multirt.cli.tables import print_probed

        print_probed(found)
    if any(each.trouble for each in found):
        raise typer.Exit(ExitCode.USAGE)
    if any(each.violations for each in found):
        raise typer.Exit(ExitCode.VIOLATION)


@app.command("run", context_settings=_PROGRAM)
def run_program(
    script: Annotated[Path, typer.Argument(help="The script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="For the script; all of it is its own.")
    ] = None,
    *,
    python: Python = None,
    site: Site = None,
) -> None:
    """Start a script on a runtime that can run it."""
    from multirt.cli.tables import say_unasked
    from multirt.dispatch import Request, decide, plan
    from multirt.launch import launch

    request = Request(
        script=script,
        specs=specs(python),
        sites=tuple(site or ()),
        search=search(),
        cache_dir=cache_dir(),
    )
    decision = decide(request)
    planned = plan(decision, request, arguments or [])
    if not request.specs:
        say_unasked(decision)
    launch(planned, os.environ)


@app.command("explain", context_settings=_PROGRAM)
def explain_choice(
    script: Annotated[Path, typer.Argument(help="The script.")],
    *,
    python: Python = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say which runtime a script would be started on, and what stands against each other."""
    from multirt.dispatch import Request, decide

    decision = decide(
        Request(
            script=script,
            specs=specs(python),
            sites=tuple(site or ()),
            search=search(),
            cache_dir=cache_dir(),
        )
    )
    if as_json:
        from multirt.cli.documents import explain_document

        typer.echo(json.dumps(explain_document(decision)))
    else:
        from multirt.cli.tables import print_decision

        print_decision(decision)
    if decision.chosen is None:
        raise typer.Exit(ExitCode.NOTHING_FITS)
