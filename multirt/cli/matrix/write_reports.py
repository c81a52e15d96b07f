"""Hand out what came of a run of the matrix: the summary, and the reports that are asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.matrix.report import exit_code
from multirt.matrix.written_reports import remember_reports
from multirt.report.matrix import append, write
from multirt.report.matrix_summary import print_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.report import Report


def hand_out(
    report: Report,
    reports: Sequence[tuple[str, Path]] = (),
    *,
    state: Path | None = None,
    in_job: bool = True,
) -> int:
    """Print the summary, write the reports, and return the exit code.

    Args:
        report: what to print and write.
        reports: the kind and the file of each that is asked for.
        state: the project's folder in the cache; None where there is no project.
        in_job: it belongs into the summary of a GitHub job, where there is one.

    Raises:
        MultirtError: a report cannot be written.
    """
    print_summary(report)
    try:
        for kind, file in reports:
            write(report, kind, file)
    finally:
        if state is not None:
            remember_reports(state, [file for _, file in reports])
    if in_job and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        append(report, Path(summary))
    return exit_code(report)
