"""Reports on artefacts, for people."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from multirt.probe.findings import TABLE, Reason, Weight, names, reasons_of
from multirt.probe.standing import standing_of
from multirt.report.terminal import Ink, Painter, cut, cut_apart, visible, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probe.exit_policy import Policy
    from multirt.probe.report_values import Report

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
_STANDING: Final = 4  # sentences on what one artefact's modules need
_RUNTIMES: Final = 4  # named with one reason


class Sheet(Struct, frozen=True, kw_only=True):
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
    # What was judged from a table is said below the cells, once for all.
    found = [(report, reasons_of(report, {*policy.ignored, TABLE})) for report in read]
    # The artefact with the worst reason first; those without any are told by the table.
    for report, reasons in sorted(found, key=lambda pair: [each.weight for each in pair[1][:1]]):
        if reasons or len(read) == 1 or sheet.everything:
            yield ""
            yield from _reasons(called[id(report)], report, reasons, sheet)
    yield from _outcome(found, policy, sheet)


def _table(reports: Sequence[Report], called: Sequence[str], sheet: Sheet) -> Iterator[str]:
    """Yield one row an artefact and one column a runtime, as many pages as it takes."""
    runtimes = [each["runtime"] for each in reports[0]["runtimes"]]
    heads = [visible(each.removeprefix("cpython-")) for each in runtimes]
    called = cut_apart(called, max(sheet.room // 3, 12))
    first = max(map(width, called))
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
    described = [each["runtime"] for each in reports[0]["runtimes"] if each["evidence"] == "table"]
    if described:
        named = ", ".join(visible(each.removeprefix("cpython-")) for each in described)
        words = f"not here, judged from CPython's table of symbols: {named}"
        yield from (sheet.paint(line, Ink.DIM) for line in _lines(words, sheet.room))


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
    good = sum(each["status"] in {"compatible", "unverified"} for each in report["runtimes"])
    count = len(report["runtimes"])
    runtimes = f"{good} of {count} runtime{'' if count == 1 else 's'}"
    told = f"{report['kind']}, {native}, fits {runtimes}"
    yield from (sheet.paint(line, Ink.BOLD) for line in _lines(f"{name} ({told})", sheet.room))
    standing = standing_of(report)
    for words in standing if sheet.everything else standing[:_STANDING]:
        yield from _wrapped(words, sheet, Ink.PLAIN)
    if sheet.everything:
        yield from _hindrances(report, sheet)
    shown = reasons if sheet.everything else reasons[:_REASONS]
    for reason in shown:
        yield from _reason(reason, len(report["runtimes"]), sheet)
    if len(shown) < len(reasons):
        yield sheet.paint(f"  and {len(reasons) - len(shown)} more (--all shows them)", Ink.DIM)


def _wrapped(words: str, sheet: Sheet, ink: Ink) -> Iterator[str]:
    """Yield words in as many lines as they take, below a heading."""
    margin = " " * (len(words) - len(words.lstrip()))
    for line in _lines(visible(words), sheet.room - 2, f"{margin}  "):
        yield f"  {sheet.paint(line, ink)}"


def _lines(words: str, room: int, indent: str = "  ") -> list[str]:
    """Return words in as many lines as they take; names keep their hyphens together."""
    return textwrap.wrap(words, room, subsequent_indent=indent, break_on_hyphens=False)


def _hindrances(report: Report, sheet: Sheet) -> Iterator[str]:
    """Yield every name that keeps an extension from the stable ABI, with what there is instead."""
    for extension in report["extensions"]:
        for each in extension["hindrances"]:
            instead = f"; instead: {each['instead']}" if each["instead"] else ""
            words = f"{extension['path']} needs {each['symbol']} ({each['class']}){instead}"
            yield from _wrapped(words, sheet, Ink.DIM)


def _outcome(
    found: Sequence[tuple[Report, Sequence[Reason]]], policy: Policy, sheet: Sheet
) -> Iterator[str]:
    """Yield what makes the command fail, where something does."""
    failing = Counter(
        kind
        for _, reasons in found
        for kind in {each.kind for each in reasons if policy.fails(each)}
    )
    if failing:
        told = (
            f"{kind} ({count} artefact{'' if count == 1 else 's'})"
            for kind, count in failing.most_common()
        )
        yield ""
        words = f"exit 1 because of {', '.join(told)}; --ignore CAUSE leaves one out"
        yield from (sheet.paint(line, Ink.BAD) for line in _lines(words, sheet.room))


def _reason(reason: Reason, runtimes: int, sheet: Sheet) -> Iterator[str]:
    """Yield one reason and where it holds."""
    head, ink = f"{reason.kind}: ", _INKS[reason.weight]
    where = f" [{_where(reason, runtimes, sheet)}]" if reason.runtimes else ""
    words = f"{head}{visible(reason.text)}{where}"
    for place, line in enumerate(_lines(words, sheet.room - 2)):
        painted = sheet.paint(line[: len(head)], ink) + line[len(head) :] if not place else line
        yield f"  {painted}"
    if reason.help is not None:
        yield from _wrapped(f"  helps: {reason.help}", sheet, Ink.DIM)


def _where(reason: Reason, runtimes: int, sheet: Sheet) -> str:
    """Say on which runtimes a reason holds."""
    named = [visible(each.removeprefix("cpython-")) for each in reason.runtimes]
    if len(named) == runtimes > 1:
        return "every runtime"
    if sheet.everything or len(named) <= _RUNTIMES + 1:
        return ", ".join(named)
    return f"{', '.join(named[:_RUNTIMES])} and {len(named) - _RUNTIMES} more"
