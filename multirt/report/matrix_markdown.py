"""A report as Markdown, for a pull request or the summary of a GitHub job."""

from __future__ import annotations

import re
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
from multirt.report.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.matrix.model import CellReport, MatrixReport

_SHOWN = 50
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")
_GOOD = frozenset({CellState.PASSED, CellState.READY})


def markdown(report: MatrixReport) -> str:
    """Return a report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: MatrixReport) -> Iterator[str]:
    yield f"## {_text(report.project)}: {summary_line(report)}"
    yield ""
    for wheel in report.wheels:
        built = f"built on {wheel.built_on}" if wheel.built_on else "built elsewhere"
        yield f"- `{wheel.file}` sha256 `{wheel.sha256}` ({built})"
    yield ""
    yield "| runtime | binary | passed | failed | skipped | time | state |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for alike in grouped(report.cells, row_key):
        yield f"| {' | '.join(_cells(alike, report))} |"
    found = failing_tests(report.cells)
    if found:
        names = [row.name for row in report.cells if row.cases is not None]
        yield ""
        yield f"| failing test | {' | '.join(map(_text, names))} |"
        yield f"|---|{'---|' * len(names)}"
        for each in found[:_SHOWN]:
            marks = [_mark(each.outcomes.get(name)) for name in names]
            yield f"| `{each.id.replace('|', '&#124;')}` | {' | '.join(marks)} |"
        if len(found) > _SHOWN:
            yield f"\nand {len(found) - _SHOWN} more failing tests"
    for line in rerun_commands(report):
        yield f"\n    {line}"
    for left_out, reason in excluded_ranges(report.excluded, all_ids(report)):
        yield f"\n{_text(left_out)} left out: {_text(reason)}"


def _cells(alike: Sequence[CellReport], report: MatrixReport) -> Iterator[str]:
    """Yield what is in a row of the table of cells that share it."""
    row = alike[0]
    yield _text(cell_ranges(alike, report))
    yield binary(row)
    for outcomes in ((TestOutcome.PASSED,), tuple(BAD), (TestOutcome.SKIPPED, TestOutcome.XFAILED)):
        count = row.count(*outcomes)
        yield "" if count is None else str(count)
    yield duration(row.seconds) if row.seconds else ""
    state = row.state.value if row.state in _GOOD else f"**{row.state.value}**"
    if gil := gil_state(row):
        state += f" ({_text(gil)})"
    why = ": ".join(_text(each) for each in shared_reason(alike) if each)
    yield f"{state} {why}".strip() + (" (allowed to fail)" if row.may_fail else "")


def binary(row: CellReport) -> str:
    """Say whether a cell tests the wheel that most of them test."""
    if row.wheel is None or row.objection is not None:
        return "-"
    return "same" if row.same else "its own"


def _mark(outcome: TestOutcome | None) -> str:
    if outcome is None:
        return ""
    return {TestOutcome.FAILED: "**F**", TestOutcome.ERROR: "**E**", TestOutcome.PASSED: "."}.get(
        outcome, "s"
    )


def _text(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(value.split()))
