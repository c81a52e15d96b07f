"""What `probe --format markdown` prints: a table for a pull request or a job's summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from multirt.probe.findings import columns_of, names, reasons_of, statuses_of
from multirt.report.abi_summary import standing_of
from multirt.report.terminal import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probe.findings import Policy
    from multirt.probe.model import ArtifactReport

_MARKS: Final = {"compatible": "✅", "unverified": "✔️", "unknown": "❔", "incompatible": "❌"}
_MEANINGS: Final = {
    "compatible": "works",
    "unverified": "fits as far as can be read",
    "unknown": "unreadable",
    "incompatible": "does not work",
}
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+.!|~:@-])")
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def markdown_lines(reports: Sequence[ArtifactReport], policy: Policy) -> Iterator[str]:
    """Yield a table of artifacts and runtimes, then the reasons of each artifact, folded."""
    read = [report for report in reports if report["error"] is None]
    columns = columns_of(read)
    headings = [*dict.fromkeys(columns.values())]
    if read:
        shown = [_text(each.removeprefix("cpython-")) for each in headings]
        yield f"| artifact | {' | '.join(shown)} |"
        yield f"|---|{':-:|' * len(shown)}"
    called = [_text(each) for each in names(read)]
    for name, report in zip(called, read, strict=True):
        statuses = statuses_of(report, columns)
        cells = (_MARKS[statuses[each]] if each in statuses else "" for each in headings)
        yield f"| {name} | {' | '.join(cells)} |"
    used = {each["status"] for report in read for each in report["runtimes"]}
    if used:
        yield ""
        yield ", ".join(f"{_MARKS[each]} {_MEANINGS[each]}" for each in _MARKS if each in used)
    for name, report in zip(called, read, strict=True):
        yield from _reasons(name, report, policy)
    for report in reports:
        if report["error"] is not None:
            yield ""
            yield f"**{_text(report['target'])}**: {_text(report['error']['message'])}"


def _reasons(name: str, report: ArtifactReport, policy: Policy) -> Iterator[str]:
    """Yield the reasons of one artifact, to be unfolded."""
    reasons = reasons_of(report, policy.ignored)
    standing = standing_of(report)
    if not reasons and not standing:
        return
    yield ""
    count = f"{len(reasons)} reason{'' if len(reasons) == 1 else 's'}"
    yield f"<details><summary>{name}: {count}</summary>"
    yield ""
    yield from (f"- {_text(text)}" for text in standing)
    for reason in reasons:
        mark = "**" if policy.fails(reason) else ""
        where = f" ({', '.join(map(_text, reason.runtimes))})" if reason.runtimes else ""
        helps = f"; *helps:* {_text(reason.help)}" if reason.help is not None else ""
        yield f"- {mark}{_text(reason.kind)}{mark}: {_text(reason.text)}{where}{helps}"
    yield ""
    yield "</details>"


def _text(value: str) -> str:
    """Return text that Markdown and HTML take as it stands, in one line."""
    return _SPECIAL.sub(r"\\\1", escaped(value)).translate(_HTML)
