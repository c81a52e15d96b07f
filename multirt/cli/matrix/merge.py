"""`matrix merge`: put the reports of several machines together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from multirt.cli.matrix.options import Html, Reports, reports_of
from multirt.cli.matrix.write_reports import hand_out
from multirt.matrix.merge import merge
from multirt.report.matrix import read_document


def merge_reports(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSON reports of the same wheels.")
    ],
    *,
    report: Reports = None,
    html: Html = None,
) -> None:
    """Merge the reports of several machines; refuse those of different wheels."""
    reports = reports_of(report, html)
    merged = merge([(str(file), read_document(file)) for file in files])
    raise typer.Exit(hand_out(merged, reports))
