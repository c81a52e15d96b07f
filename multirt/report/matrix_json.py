"""The JSON documents of a matrix, schema version 1: its report, its cells, its plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from multirt.errors import ErrorKind, InputError
from multirt.matrix.model import MatrixReport, TestOutcome
from multirt.matrix.report import exit_code, wheel_report
from multirt.report.json_parts import SCHEMA, Document
from multirt.storage.files import parse_json, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from multirt.matrix.model import Cell, CellPlan, CellReport, Excluded, Wheel

SCHEMA_VERSION = 1

_LARGEST = 256 << 20  # bytes of a report; one of a thousand cells has 20 MB


def document_of(report: MatrixReport) -> Document:
    """Return the document of a report."""
    document: Document = {**SCHEMA, "exit_code": int(exit_code(report))}
    document |= msgspec.to_builtins(report)
    document["cells"] = list(map(_reported, report.cells))
    document["excluded"] = list(map(_excluded, report.excluded))
    return document


def _reported(cell: CellReport) -> Document:
    document: Document = msgspec.to_builtins(cell)
    del document["objection"]  # `reason` and `hint` are of it
    if cell.cases is not None:
        document["counts"] = {each.value: cell.count(each) for each in TestOutcome}
    return document


def _excluded(cell: Excluded) -> Document:
    return {"name": cell.name, "reason": cell.reason}


def read_document(path: Path) -> MatrixReport:
    """Return the report that a document is of.

    Raises:
        MultirtError: it is none, or of another version.
    """
    try:
        document = parse_json(read_bytes(path, _LARGEST))
        if document["schema_version"] != SCHEMA_VERSION:
            message = f"{path} has schema version {document['schema_version']!r}"
            raise InputError(message, f"this multirt reads {SCHEMA_VERSION}", kind=ErrorKind.REPORT)
        return _checked(msgspec.convert(document, MatrixReport))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", kind=ErrorKind.REPORT) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{path} is not a report of `multirt matrix`"
        raise InputError(
            message, "make one with --report json=FILE", kind=ErrorKind.REPORT
        ) from error


def _checked(report: MatrixReport) -> MatrixReport:
    """Return a report whose times are numbers; JSON can have NaN there.

    Raises:
        ValueError: one is not.
    """
    times = [report.seconds]
    for cell in report.cells:
        times += [cell.setup, cell.seconds, *(case.seconds for case in cell.cases or ())]
    if not all(map(math.isfinite, times)):
        raise ValueError(report.seconds)
    return report


def list_document(
    cells: Iterable[Cell], excluded: Iterable[Excluded], notes: Sequence[str]
) -> Document:
    """Return what `matrix list --json` prints."""
    return {
        **SCHEMA,
        "cells": [_cell(each) for each in cells],
        "excluded": list(map(_excluded, excluded)),
        "notes": list(notes),
    }


def _cell(cell: Cell) -> Document:
    return {
        "name": cell.name,
        "task": cell.task,
        "asked": cell.asked,
        "runtime": cell.runtime.id if cell.runtime is not None else None,
        "axes": dict(cell.axes),
        "package": cell.package.value,
        "requirements": list(cell.needs.requirements),
        "extras": list(cell.needs.extras),
        "commands": [list(each) for each in cell.commands],
        "required": cell.required,
        "may_fail": cell.may_fail,
    }


def github_document(cells: Iterable[Cell]) -> Document:
    """Return what `matrix list --github` prints: `strategy.matrix` of a workflow."""
    rows = []
    for cell in cells:
        row: dict[str, Any] = {"name": cell.name, "python": _setup_python(cell)}
        rows.append({**row, "may-fail": cell.may_fail, **dict(cell.axes)})
    return {"include": rows}


def _setup_python(cell: Cell) -> str:
    """Return a runtime in the words of actions/setup-python; a debug build has none there."""
    if cell.runtime is None:
        return cell.asked
    version, name = cell.runtime.version, cell.runtime.implementation.name
    number = f"{version.major}.{version.minor}"
    if name != "cpython":
        return f"{name}{number}"
    return f"{number}t" if cell.runtime.abi.free_threaded else number


def plan_document(wheels: Iterable[Wheel], plans: Iterable[CellPlan]) -> Document:
    """Return what `matrix plan --json` prints."""
    built = [msgspec.to_builtins(wheel_report(each)) for each in wheels]
    keys = ("name", "state", "wheel", "same", "reason", "hint", "warnings")
    cells = []
    for each in plans:
        known, runtime = msgspec.to_builtins(each.report), each.report.runtime
        cell = {"runtime": runtime.id if runtime is not None else None}
        cells.append({**{key: known[key] for key in keys}, **cell})
    return {
        **SCHEMA,
        "wheels": [{key: each[key] for key in each if key != "seconds"} for each in built],
        "cells": cells,
    }
