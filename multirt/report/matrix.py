"""Write a report as JSON, JUnit, Markdown or HTML."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import ErrorKind, InputError, UsageError
from multirt.report.matrix_json import document_of, read_document
from multirt.storage.documents import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multirt.matrix.model import MatrixReport

__all__ = [
    "KINDS",
    "append",
    "check_target",
    "document_of",
    "markdown",
    "read_document",
    "wanted",
    "write",
]


def _json(report: MatrixReport) -> str:
    return json.dumps(document_of(report), indent=1) + "\n"


def _junit(report: MatrixReport) -> str:
    from multirt.report.matrix_junit import junit_xml  # each only where it is asked for

    return junit_xml(report)


def markdown(report: MatrixReport) -> str:
    """Return a report as Markdown."""
    from multirt.report.matrix_markdown import markdown as made  # only where it is asked for

    return made(report)


def _page(report: MatrixReport) -> str:
    from multirt.report.matrix_html import page  # 40 ms of jinja2

    return page(report)


KINDS: Mapping[str, Callable[[MatrixReport], str]] = {
    "json": _json,
    "junit": _junit,
    "md": markdown,
    "html": _page,
}
"""What `--report KIND=FILE` can ask for."""


def wanted(text: str) -> tuple[str, Path]:
    """Return the kind and the file that `KIND=FILE` names.

    Raises:
        MultirtError: there is no such kind, or no file.
    """
    kind, _, file = text.partition("=")
    if kind not in KINDS or not file:
        hint = f"write --report KIND=FILE, KIND is {', '.join(KINDS)}"
        raise UsageError(f"no report can be made of {text!r}", hint)
    return kind, Path(file)


def check_target(file: Path) -> Path:
    """Return a file that a report can be written to, as far as can be seen before the run.

    Raises:
        MultirtError: it is a folder, or no file can be made there.
    """
    folder = next(each for each in file.absolute().parents if each.exists())
    if file.is_dir():
        raise InputError(f"cannot write {file}: it is a folder", kind=ErrorKind.REPORT)
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(
            f"cannot write {file}: no file can be made in {folder}", kind=ErrorKind.REPORT
        )
    return file


def append(report: MatrixReport, file: Path) -> None:
    """Add a report as Markdown to a file, as the summary of a GitHub job wants it.

    Raises:
        MultirtError: it cannot be written.
    """
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(markdown(report))
    except OSError as error:
        message = f"cannot write GITHUB_STEP_SUMMARY: {error.strerror}"
        raise InputError(message, kind=ErrorKind.REPORT) from error


def write(report: MatrixReport, kind: str, file: Path) -> None:
    """Write a report to a file.

    Raises:
        MultirtError: it cannot be written.
    """
    try:
        write_text(file, KINDS[kind](report))
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}", kind=ErrorKind.REPORT) from error
