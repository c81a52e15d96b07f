"""Write a script's lock file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from packaging.specifiers import SpecifierSet

from multirt.cli.options import Json, Python, search, specs, store
from multirt.environments import InstallRequest, apply_tool_uv, lock_name, make_lock, write_lock
from multirt.errors import NothingFitsError, ProgramError
from multirt.program import read_program
from multirt.program.model import EntryPoint, ProgramKind
from multirt.selection.lazy_discovery import add_explicit_paths
from runtimes import NoRuntimeError, Runtime, RuntimeSpec, discover


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lock")(lock_script)


def lock_script(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT", help="A script with dependencies (PEP 723).")
    ],
    *,
    python: Python = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The lock file; default: next to the script."
        ),
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Also allow packages that have no wheel.")
    ] = False,
    exclude_newer: Annotated[
        str | None,
        typer.Option(
            "--exclude-newer", metavar="DATE", help="Ignore files uploaded after this date."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a lock file, so that `run` installs the same files everywhere."""
    script = script.absolute()
    program = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text=str(script)), Path.cwd())
    wanted = InstallRequest(
        requirements=tuple(str(each) for each in program.dependencies),
        build=build,
        exclude_newer=exclude_newer,
    )
    wanted = apply_tool_uv(wanted, program.uv, script.name, script.parent)
    if not wanted.requirements:
        hint = "declare them in a `# /// script` block (PEP 723)"
        raise ProgramError(f"{script} requires nothing that could be locked", hint)
    requested = specs(python)
    looked = search()
    found = add_explicit_paths(discover(looked).runtimes, requested, looked)
    fits = [each for each in found if _fits(each, program.requires_python)]
    chosen = _selected(fits, requested) if requested else fits
    if not chosen:
        raise NothingFitsError(
            f"no runtime here is {program.requires_python}, as {script.name} requires"
        )
    locked = make_lock(chosen, wanted, store(refresh=True), every=bool(requested))
    file = output or script.with_name(lock_name(script))
    write_lock(file, locked.text)
    if as_json:
        from multirt.report.env import lock_document

        typer.echo(json.dumps(lock_document(file, locked)))
    else:
        from multirt.report.env import print_locked

        print_locked(file, locked)


def _fits(runtime: Runtime, requires_python: SpecifierSet | None) -> bool:
    """Tell whether a runtime's version is one that a script wants."""
    return requires_python is None or requires_python.contains(runtime.version, prereleases=True)


def _selected(fits: list[Runtime], requested: tuple[RuntimeSpec, ...]) -> list[Runtime]:
    """Return the runtimes that were asked for, each once.

    Raises:
        NoRuntimeError: one of the specs fits none.
    """
    for spec in requested:
        if not any(spec.accepts(each) for each in fits):
            raise NoRuntimeError(str(spec), tuple(each.id for each in fits))
    return [each for each in fits if any(spec.accepts(each) for spec in requested)]
