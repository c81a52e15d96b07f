"""Reports on artefacts, for people."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from multirt.cli.tables.plain import Ink, Painter, cut, visible, width
from multirt.probing import Reason, Weight, names, reasons_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probing import Policy, Report

# Each status as the table has it.
_WORDS: Final = {
    "compatible": ("works", Ink.GOOD),
    "unverified": ("fits", Ink.GOOD),
    "unknown": ("?", Ink.DOUBT),
    "incompatible": ("no", Ink.BAD),
}
_MEANINGS: Final = {
    "compatible": "works: imported, or nothing native in it",
    "unverified": "fits: nothing stands against it, --import proves it",
    "unknown": "?: unreadable",
    "incompatible": "no: see the reasons",
}
_INKS: Final = {
    Weight.BROKEN_PROMISE: Ink.BAD,
    Weight.OBJECTION: Ink.BAD,
    Weight.UNREADABLE: Ink.DOUBT,
    Weight.WARNING: Ink.DOUBT,
    Weight.HINT: Ink.DIM,
}
_CELL: Final = max(len(word) for word, _ in _WORDS.values())
_GAP: Final = 2  # blanks between columns
_REASONS: Final = 12  # shown of one artefact
_RUNTIMES: Final = 4  # named with one reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """Where to write.

    Attributes:
        room: columns of the terminal.
        paint: gives words their colour.
        everything: show every reason with every runtime.
    """

    room: int
    paint: Painter
    everything: bool = False


def probe_lines(reports: Sequence[Report], policy: Policy, sheet: Sheet) -> Iterator[str]:
    """Yield the table of what could be read and the runtimes, then the reasons, worst first."""
    read = [report for report in reports if report["error"] is None]
    called = dict(zip(map(id, read), map(visible, names(read)), strict=True))
    if read:
        yield from _table(read, list(called.values()), sheet)
    found = [(report, reasons_of(report, policy.ignored)) for report in read]
    # The artefact with the worst reason first; those without any are told by the table.
    for report, reasons in sorted(found, key=lambda pair: [each.weight for each in pair[1][:1]]):
        if reasons:
            yield ""
            yield from _reasons(called[id(report)], report, reasons, sheet)


def _table(reports: Sequence[Report], called: Sequence[str], sheet: Sheet) -> Iterator[str]:
    """Yield one row an artefact and one column a runtime, as many pages as it takes."""
    runtimes = [each["runtime"] for each in reports[0]["runtimes"]]
    heads = [visible(each.removeprefix("cpython-")) for each in runtimes]
    first = min(max(map(width, called)), max(sheet.room // 3, 12))
    columns = [max(width(head), _CELL) for head in heads]
    for page in _pages(columns, sheet.room - first):
        line = " " * first + "".join(" " * _GAP + cut(heads[at], columns[at]) for at in page)
        yield sheet.paint(line.rstrip(), Ink.BOLD)
        for name, report in zip(called, reports, strict=True):
            cells = (_cell(report["runtimes"][at]["status"], columns[at], sheet) for at in page)
            yield f"{cut(name, first)}{''.join(cells)}".rstrip()
        yield ""
    used = {each["status"] for report in reports for each in report["runtimes"]}
    meanings = "; ".join(words for status, words in _MEANINGS.items() if status in used)
    yield from (sheet.paint(line, Ink.DIM) for line in textwrap.wrap(meanings, sheet.room))


def _pages(columns: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the places of the columns that fit side by side."""
    page: list[int] = []
    left = room
    for at, wide in enumerate(columns):
        if page and left < wide + _GAP:
            yield page
            page, left = [], room
        page.append(at)
        left -= wide + _GAP
    if page:
        yield page


def _cell(status: str, wide: int, sheet: Sheet) -> str:
    word, ink = _WORDS[status]
    return " " * _GAP + sheet.paint(word, ink) + " " * (wide - len(word))


def _reasons(name: str, report: Report, reasons: Sequence[Reason], sheet: Sheet) -> Iterator[str]:
    """Yield what stands against one artefact."""
    count = len(report["extensions"])
    native = f"{count} extension module{'' if count == 1 else 's'}"
    yield f"{sheet.paint(name, Ink.BOLD)} ({report['kind']}, {native})"
    shown = reasons if sheet.everything else reasons[:_REASONS]
    for reason in shown:
        yield from _reason(reason, len(report["runtimes"]), sheet)
    if len(shown) < len(reasons):
        yield sheet.paint(f"  and {len(reasons) - len(shown)} more (--all shows them)", Ink.DIM)


def _reason(reason: Reason, runtimes: int, sheet: Sheet) -> Iterator[str]:
    """Yield one reason and where it holds."""
    head, ink = f"{reason.kind}: ", _INKS[reason.weight]
    where = f" [{_where(reason, runtimes, sheet)}]" if reason.runtimes else ""
    words = f"{head}{visible(reason.text)}{where}"
    lines = textwrap.wrap(words, sheet.room - 2, subsequent_indent="  ", break_on_hyphens=False)
    for place, line in enumerate(lines):
        painted = sheet.paint(line[: len(head)], ink) + line[len(head) :] if not place else line
        yield f"  {painted}"


def _where(reason: Reason, runtimes: int, sheet: Sheet) -> str:
    """Say on which runtimes a reason holds."""
    named = [visible(each.removeprefix("cpython-")) for each in reason.runtimes]
    if len(named) == runtimes > 1:
        return "every runtime"
    if sheet.everything or len(named) <= _RUNTIMES + 1:
        return ", ".join(named)
    return f"{', '.join(named[:_RUNTIMES])} and {len(named) - _RUNTIMES} more"
