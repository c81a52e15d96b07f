"""Say what is worth knowing about the runtimes of this machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.options import Json, Refresh, cache_dir, search
from multirt.launch.native import installed_launcher
from multirt.report.doctor import diagnose
from runtimes import cache_info, discover

# Each with what it is used for; multirt does without where it is not needed.
_TOOLS = {"uv": "to install what programs declare"}


Everything = Annotated[bool, typer.Option("--all", help="Also show what needs nothing done.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(examine)


def examine(
    *, everything: Everything = False, as_json: Json = False, refresh: Refresh = False
) -> None:
    """Report problems with the discovered runtimes, and how to fix them."""
    found = discover(search(refresh=refresh))
    info = cache_info(cache_dir())
    launcher = installed_launcher()
    findings = diagnose(found, info, {name: _lacking(name) for name in _TOOLS})
    if as_json:
        from multirt.report.doctor import doctor_document

        typer.echo(json.dumps(doctor_document(found, info, findings, launcher)))
    else:
        from multirt.report.doctor import print_diagnosis

        print_diagnosis(found, info, findings, launcher, everything=everything)


def _lacking(name: str) -> str | None:
    """Return what a program would be for that is not here."""
    folder = Path(sys.executable).parent
    here = shutil.which(name, path=os.pathsep.join((str(folder), os.environ.get("PATH", ""))))
    return None if here else _TOOLS[name]
