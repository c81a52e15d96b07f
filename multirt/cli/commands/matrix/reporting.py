"""Hand out what came of a run, and `matrix merge`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from multirt.cli.commands.matrix.options import Html, Reports, reports_of
from multirt.matrix.merging import merge
from multirt.matrix.report import exit_code
from multirt.matrix.reports import append, read_document, write
from multirt.matrix.written import remember_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.report import Report


def deliver(
    report: Report,
    reports: Sequence[tuple[str, Path]] = (),
    *,
    state: Path | None = None,
    project: Path | None = None,
    in_job: bool = True,
) -> NoReturn:
    """Print the summary, write the reports, and end with the exit code.

    Args:
        report: what to print and write.
        reports: the kind and the file of each that is asked for.
        state: the project's folder in the cache; None where there is no project.
        project: its folder, where that was named.
        in_job: it belongs into the summary of a GitHub job, where there is one.
    """
    from multirt.cli.tables.matrix.summary import print_summary

    print_summary(report, project)
    try:
        for kind, file in reports:
            write(report, kind, file)
    finally:
        if state is not None:
            remember_reports(state, [file for _, file in reports])
    if in_job and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        append(report, Path(summary))
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
    deliver(merged, reports)
