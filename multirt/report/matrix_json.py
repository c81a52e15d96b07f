"""The JSON document of a run, schema version 1, and the way back from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from multirt.errors import MultirtError
from multirt.matrix.report import Report, Row, RuntimeRow, WheelRow, exit_code
from multirt.matrix.results import Case, Outcome
from multirt.matrix.states import State
from multirt.storage.files import parse_json, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1
DAMAGES = (
    ArithmeticError,
    AttributeError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a damaged document may raise."""

_LARGEST = 256 << 20  # bytes of a report; one of a thousand cells has 20 MB


def document_of(report: Report) -> dict[str, Any]:
    """Return the document of a report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "project": report.project,
        "exit_code": int(exit_code(report)),
        "interrupted": report.interrupted,
        "seconds": round(report.seconds, 3),
        "wheels": [to_builtins(each) for each in report.wheels],
        "cells": [_cell(each) for each in report.rows],
        "excluded": [{"name": name, "reason": reason} for name, reason in report.excluded],
        "notes": list(report.notes),
        "posargs": list(report.posargs),
        "arguments": list(report.arguments),
    }


def _cell(row: Row) -> dict[str, Any]:
    document: dict[str, Any] = to_builtins(row)
    document["state"] = row.state.value
    document["axes"] = dict(row.axes)
    document["installed"] = dict(row.installed)
    document["setup"] = round(row.setup, 3)
    document["seconds"] = round(row.seconds, 3)
    document["tests"] = None
    del document["cases"]
    if row.cases is not None:
        document["tests"] = [to_builtins(each) for each in row.cases]
        document["counts"] = {each.value: row.count(each) for each in Outcome}
    return document


def read_document(path: Path) -> Report:
    """Return the report that a document is of.

    Raises:
        MultirtError: it is none, or of another version.
    """
    try:
        document = parse_json(read_bytes(path, _LARGEST))
        if document["schema_version"] != SCHEMA_VERSION:
            message = f"{path} has schema version {document['schema_version']!r}"
            raise MultirtError("report", message, f"this multirt reads {SCHEMA_VERSION}")
        return report_in(document)
    except OSError as error:
        raise MultirtError("report", f"cannot read {path}: {error.strerror}") from error
    except DAMAGES as error:
        message = f"{path} is no report of `multirt matrix`"
        raise MultirtError("report", message, "make one with --report json=FILE") from error


def report_in(document: Any) -> Report:  # noqa: ANN401 - as it was read
    """Return the report that a document of this version is of.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is damaged.
    """
    return Report(
        project=str(document["project"]),
        wheels=tuple(_read_wheel(each) for each in document["wheels"]),
        rows=tuple(_read_row(each) for each in document["cells"]),
        excluded=tuple((str(each["name"]), str(each["reason"])) for each in document["excluded"]),
        notes=tuple(map(str, document["notes"])),
        seconds=_time(document["seconds"]),
        interrupted=bool(document["interrupted"]),
        posargs=tuple(map(str, document.get("posargs", ()))),
        arguments=tuple(map(str, document.get("arguments", ()))),
    )


def _read_wheel(document: dict[str, Any]) -> WheelRow:
    seconds = document["seconds"]
    return WheelRow(
        file=str(document["file"]),
        sha256=str(document["sha256"]),
        tags=tuple(map(str, document["tags"])),
        built_on=_text(document["built_on"]),
        seconds=_time(seconds) if seconds is not None else None,
    )


def _read_row(document: dict[str, Any]) -> Row:
    tests, command = document["tests"], document["command"]
    return Row(
        name=str(document["name"]),
        task=_text(document["task"]),
        asked=str(document["asked"]),
        runtime=_read_runtime(document["runtime"]),
        axes=_pairs(document["axes"]),
        state=State(document["state"]),
        reason=_text(document["reason"]),
        hint=_text(document["hint"]),
        required=bool(document["required"]),
        may_fail=bool(document["may_fail"]),
        wheel=_text(document["wheel"]),
        same=bool(document["same"]),
        cases=None if tests is None else tuple(_read_case(each) for each in tests),
        setup=_time(document["setup"]),
        seconds=_time(document["seconds"]),
        reused=bool(document["reused"]),
        command=None if command is None else tuple(map(str, command)),
        output=str(document["output"]),
        installed=_pairs(document["installed"]),
        warnings=tuple(map(str, document["warnings"])),
        takes_posargs=bool(document.get("takes_posargs", False)),
    )


def _read_runtime(document: dict[str, Any] | None) -> RuntimeRow | None:
    if document is None:
        return None
    return RuntimeRow(
        id=str(document["id"]),
        implementation=str(document["implementation"]),
        implementation_version=str(document["implementation_version"]),
        version=str(document["version"]),
        soabi=_text(document["soabi"]),
        debug=bool(document["debug"]),
        free_threaded=bool(document["free_threaded"]),
        platform=str(document["platform"]),
        executable=str(document["executable"]),
    )


def _read_case(document: dict[str, Any]) -> Case:
    return Case(
        id=str(document["id"]),
        outcome=Outcome(document["outcome"]),
        seconds=_time(document["seconds"]),
        message=str(document["message"]),
        text=str(document["text"]),
    )


def _pairs(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in document.items())


def _time(value: Any) -> float:  # noqa: ANN401 - of JSON
    """Return a number of seconds, which JSON may have as no number at all."""
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError(value)
    return seconds


def _text(value: object) -> str | None:
    return None if value is None else str(value)
