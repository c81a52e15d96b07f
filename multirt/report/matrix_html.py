"""A report as a page of HTML that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.matrix.model import BAD, CellState, TestOutcome
from multirt.matrix.report import (
    all_ids,
    cell_ranges,
    excluded_ranges,
    failing_tests,
    gil_state,
    grouped,
    rerun_commands,
    row_key,
    shared_reason,
    summary_line,
)
from multirt.report.matrix_markdown import binary
from multirt.report.units import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.matrix.model import CellReport, MatrixReport, WheelReport
    from multirt.matrix.report import Failing
    from multirt.report.html import HeatMap, HeatMapCell

_GOOD = frozenset({CellState.PASSED, CellState.READY})
_DOUBT = frozenset({CellState.SKIPPED, CellState.NOT_RUN, CellState.INTERRUPTED})
_OUTPUT = 8000


def page(report: MatrixReport) -> str:
    """Return a report as a page: every cell, failing tests by runtime, and why."""
    from multirt.report.html import render  # 40 ms of jinja2

    found = failing_tests(report.cells)
    return render(
        "matrix_page.html",
        {
            "title": f"{report.project}: {summary_line(report)}",
            "facts": [
                *[(f"wheel{_number(report, each)}", _wheel(each)) for each in report.wheels],
                ("time", duration(report.seconds)),
            ],
            "cells": [_cell(alike, report) for alike in grouped(report.cells, row_key)],
            "map": _map(report, found) if found else None,
            "repeats": rerun_commands(report),
            "excluded": excluded_ranges(report.excluded, all_ids(report)),
            "notes": report.notes,
        },
    )


def _number(report: MatrixReport, wheel: WheelReport) -> str:
    return "" if len(report.wheels) == 1 else f" {report.wheels.index(wheel) + 1}"


def _wheel(wheel: WheelReport) -> str:
    how = f"built on {wheel.built_on}" if wheel.built_on else "built elsewhere"
    return f"{wheel.file}, sha256 {wheel.sha256}, {how}"


def _cell(alike: Sequence[CellReport], report: MatrixReport) -> dict[str, object]:
    row, (reason, hint) = alike[0], shared_reason(alike)
    counts = [
        row.count(*outcomes)
        for outcomes in (
            (TestOutcome.PASSED,),
            tuple(BAD),
            (TestOutcome.SKIPPED, TestOutcome.XFAILED),
        )
    ]
    return {
        "name": cell_ranges(alike, report),
        "runtime": row.runtime.id if row.runtime else row.asked,
        "binary": binary(row),
        "counts": ["" if count is None else count for count in counts],
        "time": duration(row.seconds) if row.seconds else "",
        "state": row.state.value,
        "gil": gil_state(row),
        "tone": _tone(row.state),
        "reason": reason,
        "hint": hint,
        "may_fail": row.may_fail,
        "warnings": [*dict.fromkeys(text for each in alike for text in each.warnings)],
        "output": row.output[-_OUTPUT:] if row.state not in _GOOD else "",
    }


def _tone(state: CellState) -> str:
    if state in _GOOD:
        return "good"
    return "doubt" if state in _DOUBT else "bad"


def _map(report: MatrixReport, found: tuple[Failing, ...]) -> HeatMap:
    """Return failing tests by runtime, with the message of each."""
    from multirt.report.html import HeatMap, HeatMapHeading, HeatMapReason, Tone
    from multirt.report.html import HeatMapRow as MapRow

    names = [row.name for row in report.cells if row.cases is not None]
    rows = [
        MapRow(
            heading=HeatMapHeading(text=each.id),
            cells=tuple(_outcome_cell(each.outcomes.get(name)) for name in names),
            reasons=tuple(
                HeatMapReason(
                    columns=tuple(names.index(cell) for cell in cells),
                    kind="",
                    text=message or text.strip()[-200:] or "no message",
                    tone=Tone.BAD,
                )
                for message, cells, text in each.shown
            ),
        )
        for each in found
    ]
    return HeatMap(
        caption="Tests that fail on some runtime",
        corner="failing test",
        columns=tuple(HeatMapHeading(text=name) for name in names),
        rows=tuple(rows),
        legend=((Tone.GOOD, "passed"), (Tone.BAD, "failed"), (Tone.NONE, "skipped or not there")),
    )


def _outcome_cell(outcome: TestOutcome | None) -> HeatMapCell:
    from multirt.report.html import HeatMapCell, Tone

    if outcome is None:
        return HeatMapCell(tone=Tone.NONE, label="not there")
    tones = {
        TestOutcome.PASSED: Tone.GOOD,
        TestOutcome.FAILED: Tone.BAD,
        TestOutcome.ERROR: Tone.BAD,
    }
    text = "E" if outcome is TestOutcome.ERROR else None  # the others have the legend's marks
    return HeatMapCell(tone=tones.get(outcome, Tone.NONE), label=outcome.value, text=text)
