"""What `probe --html` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from multirt.probe.findings import Severity, names, reasons_of
from multirt.report.abi_summary import standing_of
from multirt.report.html import HeatMap, HeatMapCell, HeatMapHeading, HeatMapRow, Tone, write_page
from multirt.report.html import HeatMapReason as Shown

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    "unverified": "fits: nothing stands against it",
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
    columns = [each["runtime"] for each in read[0]["runtimes"]] if read else []
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


def _map(reports: Sequence[ArtifactReport], columns: Sequence[str], policy: Policy) -> HeatMap:
    """Return one row an artifact and one column a runtime."""
    used = {each["status"] for report in reports for each in report["runtimes"]}
    return HeatMap(
        caption="Each artifact on each runtime; a cell leads to its reasons",
        corner="artifact",
        columns=tuple(HeatMapHeading(text=each.removeprefix("cpython-")) for each in columns),
        rows=tuple(
            _row(name, report, columns, policy)
            for name, report in zip(names(reports), reports, strict=True)
        ),
        legend=tuple((_TONES[each], _MEANINGS[each]) for each in _MEANINGS if each in used),
    )


def _row(name: str, report: ArtifactReport, columns: Sequence[str], policy: Policy) -> HeatMapRow:
    """Return one artifact."""
    place = {runtime: at for at, runtime in enumerate(columns)}
    count = len(report["extensions"])
    note = f"{report['kind']}, {count} extension module{'' if count == 1 else 's'}"
    return HeatMapRow(
        heading=HeatMapHeading(text=name, note=note),
        cells=tuple(
            HeatMapCell(tone=_TONES[each["status"]], label=_MEANINGS[each["status"]])
            for each in report["runtimes"]
        ),
        reasons=tuple(
            Shown(
                columns=tuple(place[each] for each in reason.runtimes),
                kind=reason.kind,
                text=reason.text,
                tone=_WEIGHTS[reason.weight],
                help=reason.help,
            )
            for reason in reasons_of(report, policy.ignored)
        ),
        facts=tuple(standing_of(report)),
    )
