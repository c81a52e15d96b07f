"""What `probe --html` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from multirt.probe.findings import Severity, columns_of, names, reasons_of, statuses_of
from multirt.report.abi_summary import standing_of
from multirt.report.html import HeatMap, HeatMapCell, HeatMapHeading, HeatMapRow, Tone, write_page
from multirt.report.html import HeatMapReason as Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from multirt.probe.findings import Policy
    from multirt.probe.model import ArtifactReport

_TONES: Final = {
    "compatible": Tone.GOOD,
    "unverified": Tone.FAIR,
    "unknown": Tone.DOUBT,
    "incompatible": Tone.BAD,
}
_MEANINGS: Final = {
    "compatible": "works: imported, or nothing native in it",
    "unverified": "compatible, not imported",
    "unknown": "unreadable",
    "incompatible": "does not work",
}
_WEIGHTS: Final = {
    Severity.BROKEN_PROMISE: Tone.BAD,
    Severity.OBJECTION: Tone.BAD,
    Severity.UNREADABLE: Tone.DOUBT,
    Severity.WARNING: Tone.DOUBT,
    Severity.HINT: Tone.NONE,
}


def write_probed(reports: Sequence[ArtifactReport], policy: Policy, path: Path) -> None:
    """Write the heat map of artifacts and runtimes, with the reasons on demand.

    Raises:
        MultirtError: the file cannot be written.
    """
    read = [report for report in reports if report["error"] is None]
    columns = columns_of(read)
    extensions = sum(len(report["extensions"]) for report in read)
    fails = any(policy.fails(each) for one in read for each in reasons_of(one, policy.ignored))
    facts = [
        ("artifacts", len(read)),
        ("extension modules", extensions),
        ("runtimes", len(columns)),
        ("outcome", "fails" if fails else "passes"),
    ]
    notes = [
        f"{report['target']}: {report['error']['message']}"
        for report in reports
        if report["error"] is not None
    ]
    context = {
        "title": "What works where",
        "facts": facts,
        "map": _map(read, columns, policy),
        "notes": notes,
    }
    write_page(path, "heatmap_page.html", context)


def _map(reports: Sequence[ArtifactReport], columns: Mapping[str, str], policy: Policy) -> HeatMap:
    """Return one row an artifact and one column a runtime or an interpreter."""
    headings = dict.fromkeys(columns.values())
    used = {each["status"] for report in reports for each in report["runtimes"]}
    return HeatMap(
        caption="Each artifact on each runtime; a cell leads to its reasons",
        corner="artifact",
        columns=tuple(HeatMapHeading(text=each.removeprefix("cpython-")) for each in headings),
        rows=tuple(
            _row(name, report, columns, policy)
            for name, report in zip(names(reports), reports, strict=True)
        ),
        legend=tuple((_TONES[each], _MEANINGS[each]) for each in _MEANINGS if each in used),
    )


def _row(
    name: str, report: ArtifactReport, columns: Mapping[str, str], policy: Policy
) -> HeatMapRow:
    """Return one artifact."""
    headings = [*dict.fromkeys(columns.values())]
    statuses = statuses_of(report, columns)
    count = len(report["extensions"])
    note = f"{report['kind']}, {count} extension module{'' if count == 1 else 's'}"
    return HeatMapRow(
        heading=HeatMapHeading(text=name, note=note),
        cells=tuple(
            HeatMapCell(tone=_TONES[statuses[each]], label=_MEANINGS[statuses[each]])
            if each in statuses
            else HeatMapCell(tone=Tone.NONE, label="not judged")
            for each in headings
        ),
        reasons=tuple(
            Shown(
                columns=tuple(
                    dict.fromkeys(headings.index(columns[each]) for each in reason.runtimes)
                ),
                kind=reason.kind,
                text=reason.text,
                tone=_WEIGHTS[reason.weight],
                help=reason.help,
            )
            for reason in reasons_of(report, policy.ignored)
        ),
        facts=tuple(standing_of(report)),
    )
