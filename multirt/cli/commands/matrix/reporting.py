"""Hand out what came of a run, and `matrix merge`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from multirt.cli.commands.matrix.options import Html, Reports, reports_of
from multirt.errors import MultirtError
from multirt.matrix.merging import merge
from multirt.matrix.report import exit_code
from multirt.matrix.reports import markdown, read_document, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.report import Report


def deliver(report: Report, reports: Sequence[tuple[str, Path]], last: Path | None) -> None:
    """Print the summary, write the reports, and end with the exit code."""
    from multirt.cli.tables.matrix import print_summary

    print_summary(report)
    for kind, file in reports:
        write(report, kind, file)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and last is not None:
        try:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(markdown(report))
        except OSError as error:
            message = f"cannot write GITHUB_STEP_SUMMARY: {error.strerror}"
            raise MultirtError("report", message) from error
    raise typer.Exit(exit_code(report))


def merge_reports(
    files: Annotated[list[Path], typer.Argument(help="JSON reports of the same wheels.")],
    *,
    report: Reports = None,
    html: Html = None,
) -> None:
    """Merge the reports of several machines; refuse those of different wheels."""
    reports = reports_of(report, html)
    merged = merge([(str(file), read_document(file)) for file in files])
    deliver(merged, reports, files[0])
