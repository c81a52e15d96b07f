"""What `matrix list --json`, `matrix list --github` and `matrix plan --json` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multirt.matrix.model import Cell, Excluded, Planned, Wheel


def list_document(
    cells: Iterable[Cell], excluded: Iterable[Excluded], notes: Sequence[str]
) -> Document:
    """Return what `matrix list --json` prints."""
    return {
        **SCHEMA,
        "cells": [_cell(each) for each in cells],
        "excluded": [{"name": each.name, "reason": each.reason} for each in excluded],
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
    return {
        "include": [
            {
                "name": cell.name,
                "python": _setup_python(cell),
                "may-fail": cell.may_fail,
                **dict(cell.axes),
            }
            for cell in cells
        ]
    }


def _setup_python(cell: Cell) -> str:
    """Return a runtime in the words of actions/setup-python; a debug build has none there."""
    if cell.runtime is None:
        return cell.asked
    version, name = cell.runtime.version, cell.runtime.implementation.name
    number = f"{version.major}.{version.minor}"
    if name != "cpython":
        return f"{name}{number}"
    return f"{number}t" if cell.runtime.abi.free_threaded else number


def plan_document(wheels: Iterable[Wheel], planned: Iterable[Planned]) -> Document:
    """Return what `matrix plan --json` prints."""
    return {
        **SCHEMA,
        "wheels": [
            {
                "file": each.path.name,
                "sha256": each.sha256,
                "tags": sorted(map(str, each.artefact.tags)),
                "built_on": each.built_on,
            }
            for each in wheels
        ],
        "cells": [
            {
                "name": each.cell.name,
                "runtime": each.cell.runtime.id if each.cell.runtime is not None else None,
                "state": each.state.value,
                "wheel": each.wheel.sha256 if each.wheel is not None else None,
                "same": each.same,
                "reason": each.reason,
                "hint": each.hint,
                "warnings": list(each.warnings),
            }
            for each in planned
        ],
    }
