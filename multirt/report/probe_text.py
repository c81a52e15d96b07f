"""Reports on artifacts, for people."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import Cause
from multirt.probe.findings import (
    TABLE,
    GroupedReason,
    Severity,
    interpreter_of,
    names,
    reasons_of,
    title,
)
from multirt.probe.model import FITTING
from multirt.report.abi_summary import standing_of
from multirt.report.terminal import Colorizer, Style, escaped, shorten
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.probe.coverage import PlatformCoverage
    from multirt.probe.findings import Policy
    from multirt.probe.model import ArtifactReport, ExtensionReport, RuntimeReport

# Each status as people read it, in the order of the lines.
_STATUS_TEXT: Final = {
    "compatible": ("compatible", Style.GOOD),
    "unverified": ("fits, --import verifies it", Style.GOOD),
    "unknown": ("unreadable", Style.DOUBT),
    "incompatible": ("", Style.BAD),
}
_INKS: Final = {
    Severity.BROKEN_PROMISE: Style.BAD,
    Severity.OBJECTION: Style.BAD,
    Severity.UNREADABLE: Style.DOUBT,
    Severity.WARNING: Style.DOUBT,
    Severity.HINT: Style.DIM,
}
_SERIOUS: Final = frozenset({Severity.BROKEN_PROMISE, Severity.OBJECTION})
_REASONS: Final = 8  # shown for many artifacts
_GAP: Final = 2  # blanks between columns
_WARNINGS: Final = 4  # shown of one artifact
_SYMBOLS: Final = 3  # named with one reason
_STANDING: Final = 4  # sentences on what one artifact's modules need
_MOST_TAGS: Final = 3


class TextLayout(Struct, frozen=True, kw_only=True):
    """Where to write.

    Attributes:
        columns: columns of the terminal.
        paint: gives words their color.
        verbose: show symbols, floors and hints as well.
        everything: show every reason with every runtime.
    """

    columns: int
    paint: Colorizer
    verbose: bool = False
    everything: bool = False


def probe_lines(
    reports: Sequence[ArtifactReport], policy: Policy, sheet: TextLayout
) -> Iterator[str]:
    """Yield each artifact with the runtimes that share a verdict on one line."""
    read = [report for report in reports if report["error"] is None]
    called = list(map(escaped, names(read)))
    # What was judged from a table is a line below the verdicts, once for all.
    found = [(report, reasons_of(report, {*policy.ignored, TABLE})) for report in read]
    if len(read) == 1 or sheet.verbose or sheet.everything:
        for index, (name, (report, reasons)) in enumerate(zip(called, found, strict=True)):
            if index:
                yield ""
            yield from _heading(name, report, sheet)
            yield ""
            yield from _verdict_lines(report, sheet)
            yield from _notes(report, reasons, sheet)
    else:
        yield from _many(called, found, sheet)
    yield from _outcome(found, policy, sheet)


def _many(
    called: Sequence[str],
    found: Sequence[tuple[ArtifactReport, Sequence[GroupedReason]]],
    sheet: TextLayout,
) -> Iterator[str]:
    """Yield a line for each artifact, then each reason once, with those that it is true of."""
    reasons: dict[tuple[object, ...], list[tuple[str, GroupedReason]]] = {}
    rows: dict[tuple[str, str, Style], list[str]] = {}
    for name, (report, own) in zip(called, found, strict=True):
        serious = [each for each in own if each.weight in _SERIOUS]
        fitting, ink = _fitting(
            report, broken=any(each.weight is Severity.BROKEN_PROMISE for each in own)
        )
        # Wheels that differ in their platforms alone share a line, where there is nothing to say.
        key = name if serious else name.rpartition("-")[0] or name
        rows.setdefault((key, fitting, ink), []).append(name)
        for each in serious:
            reasons.setdefault((each.kind, *each.about), []).append((name, each))
    titles = [
        f"{key}-* ({len(alike)} wheels)" if len(alike) > 1 else alike[0]
        for (key, _, _), alike in rows.items()
    ]
    wide = min(max(map(len, titles), default=0), sheet.columns * 2 // 3 - _GAP)
    for shown, (_, fitting, ink) in zip(titles, rows, strict=True):
        text = shorten(fitting, max(sheet.columns - wide - _GAP, 10)).rstrip()
        yield f"{shorten(shown, wide):{wide}}{' ' * _GAP}{sheet.paint(text, ink)}"
    if reasons:
        yield ""
    for alike in [*reasons.values()][:_REASONS]:
        names = [*dict.fromkeys(name for name, _ in alike)]
        more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        yield from _reason(replace(alike[0][1], runtimes=()), [], sheet)
        yield from _wrapped(f"  in {names[0]}{more}", sheet, Style.DIM)
    if len(reasons) > _REASONS:
        yield sheet.paint(f"  and {len(reasons) - _REASONS} more (-v shows them)", Style.DIM)


def _fitting(report: ArtifactReport, *, broken: bool) -> tuple[str, Style]:
    """Return the runtimes that an artifact fits, and how good that is.

    Its own name tells the platform, so the runtimes are named without where that is clear.
    """
    verdicts: dict[str, set[bool]] = {}
    for each in report["runtimes"]:
        name = interpreter_of(each["runtime"])
        verdicts.setdefault(name, set()).add(each["status"] in FITTING)
    if any(len(each) > 1 for each in verdicts.values()):  # it depends on the platform
        verdicts = {each["runtime"]: {each["status"] in FITTING} for each in report["runtimes"]}
    among = [*verdicts]
    fits = [name for name, fit in verdicts.items() if fit == {True}]
    against = [name for name in among if name not in fits]
    fitting = escaped(runtime_ranges(fits, among)) if fits else "no runtime"
    if fits and against:
        fitting += f"; not {escaped(runtime_ranges(against, among))}"
    return fitting, Style.BAD if broken or not fits else Style.DOUBT if against else Style.GOOD


def coverage_lines(coverage: Sequence[PlatformCoverage], sheet: TextLayout) -> Iterator[str]:
    """Yield what some wheel serves, and what only wheels for other platforms do."""
    everything = coverage[0].served + coverage[0].missing if coverage else ()
    groups: dict[str, list[str]] = {}
    for each in coverage:
        text = runtime_ranges(each.served, everything) or "no wheel"
        if each.served and each.missing:
            text += f"; not {runtime_ranges(each.missing, everything)}"
        groups.setdefault(text, []).append(each.platform)
    yield ""
    yield sheet.paint("coverage", Style.BOLD)
    for text, platforms in groups.items():
        yield from _wrapped(f"{', '.join(platforms)}: {text}", sheet, Style.PLAIN)


def harmless(line: str) -> str:
    """Return a line that does not begin like a command to a CI system that reads the log.

    A wheel may be called `::error::x`; such systems skip blanks before a command.
    """
    return f"| {line}" if line.lstrip().startswith((":", "#")) else line


def _heading(name: str, report: ArtifactReport, sheet: TextLayout) -> Iterator[str]:
    """Yield an artifact's name, its tags and how many modules it has."""
    count = len(report["extensions"])
    modules = f"{count} extension module{'' if count == 1 else 's'}"
    tags = report["wheel_tags"]
    more = f" and {len(tags) - _MOST_TAGS} more" if len(tags) > _MOST_TAGS else ""
    tagged = f"{', '.join(tags[:_MOST_TAGS])}{more}"
    parts = [name, escaped(tagged)] if tags else [name]
    for line in _lines("   ".join([*parts, modules]), sheet.columns):
        yield sheet.paint(line, Style.BOLD)


def _verdict_lines(report: ArtifactReport, sheet: TextLayout) -> Iterator[str]:
    """Yield the runtimes with the same verdict and first reason, best verdict first."""
    among = [each["runtime"] for each in report["runtimes"]]
    groups: dict[tuple[object, ...], list[RuntimeReport]] = {}
    for verdict in report["runtimes"]:
        groups.setdefault(_verdict_key(verdict), []).append(verdict)
    order = [*_STATUS_TEXT]
    rows = sorted(groups.values(), key=lambda alike: order.index(alike[0]["status"]))
    named = [escaped(runtime_ranges([each["runtime"] for each in alike], among)) for alike in rows]
    wide = min(max(map(len, named), default=0), sheet.columns // 2 - _GAP)
    for name, alike in zip(named, rows, strict=True):
        content, ink = _STATUS_TEXT[alike[0]["status"]]
        if alike[0]["objections"]:
            content = _objection_text(report, alike, content)
        yield from _row((name, content), ink, wide, sheet)


def _verdict_key(verdict: RuntimeReport) -> tuple[object, ...]:
    """Return what is equal for verdicts that share a line."""
    if not verdict["objections"]:
        return (verdict["status"],)
    first = verdict["objections"][0]
    about = (*sorted(first["facts"].items()),) or (first["path"], first["symbol"])
    same_kind = first["cause"] == Cause.ABI_SYMBOL  # which symbols differs from version to version
    return verdict["status"], first["cause"], () if same_kind else about


def _objection_text(report: ArtifactReport, alike: Sequence[RuntimeReport], status: str) -> str:
    """Say why some runtimes are ruled out: the first reason, and the symbols they lack."""
    first = alike[0]["objections"][0]
    heres = {each["objections"][0]["detail"] for each in alike}
    content = first["detail"] if len(heres) == 1 else first["need"]
    content = content.removeprefix(f"{title(report)} ")
    if (tag := first["facts"].get("tag")) is not None:  # which the heading names
        content = content.removeprefix(f"is tagged {tag}: ")
    symbols = dict.fromkeys(
        objection["symbol"]
        for verdict in alike
        for objection in verdict["objections"]
        if objection["cause"] == Cause.ABI_SYMBOL and objection["symbol"]
    )
    if symbols:
        some = ", ".join([*symbols][:_SYMBOLS])
        more = ", ..." if len(symbols) > _SYMBOLS else ""
        plural = "" if len(symbols) == 1 else "s"
        lacking = f"{len(symbols)} missing symbol{plural}: {some}{more}"
        content = lacking if first["cause"] == Cause.ABI_SYMBOL else f"{content}; {lacking}"
    return f"{status}: {content}" if status else content


def _row(cells: tuple[str, str], ink: Style, wide: int, sheet: TextLayout) -> Iterator[str]:
    """Yield a name on the left and words on the right, each in as many lines as it takes."""
    name, content = cells
    left = textwrap.wrap(name, wide, break_on_hyphens=False) or [""]
    columns = max(sheet.columns - wide - 2 * _GAP, 10)
    right = textwrap.wrap(escaped(content), columns, break_on_hyphens=False) or [""]
    for index in range(max(len(left), len(right))):
        text = right[index] if index < len(right) else ""
        start = left[index] if index < len(left) else ""
        painted = sheet.paint(text, ink) if ink is Style.GOOD else text
        yield f"{' ' * _GAP}{start:{wide}}{' ' * _GAP}{painted}".rstrip()


def _notes(
    report: ArtifactReport, reasons: Sequence[GroupedReason], sheet: TextLayout
) -> Iterator[str]:
    """Yield broken promises and warnings; with more asked for, all that is known."""
    among = [each["runtime"] for each in report["runtimes"]]
    decisive = [each for each in reasons if each.weight is Severity.BROKEN_PROMISE]
    warnings = [each for each in reasons if each.weight is Severity.WARNING]
    alike = [*_alike(warnings)]
    shown = [*decisive[:_WARNINGS], *alike[:_WARNINGS]]
    if sheet.everything:
        shown = list(reasons)
    elif sheet.verbose:
        shown = [each for each in reasons if each.weight is not Severity.OBJECTION]
    standing = standing_of(report) if sheet.verbose or sheet.everything else []
    summary = [*_summary(report)]
    if summary or shown or standing:
        yield ""
    for content in summary:
        yield from _wrapped(content, sheet, Style.PLAIN)
    for content in standing if sheet.everything else standing[:_STANDING]:
        yield from _wrapped(content, sheet, Style.PLAIN)
    if sheet.everything:
        yield from _hindrances(report, sheet)
    for reason in shown:
        yield from _reason(reason, among, sheet)
    hidden = len(decisive) + len(alike) - len(shown)
    if hidden > 0:
        yield sheet.paint(f"  and {hidden} more (-v shows them)", Style.DIM)


def _alike(warnings: Sequence[GroupedReason]) -> Iterator[GroupedReason]:
    """Yield one warning for all that are about the same thing on the same runtimes."""
    groups: dict[tuple[object, ...], list[GroupedReason]] = {}
    for each in warnings:
        groups.setdefault((each.about, each.runtimes), []).append(each)
    for group in groups.values():
        more = f" (and {len(group) - 1} more like it, -v shows them)" if len(group) > 1 else ""
        yield replace(group[0], text=f"{group[0].text}{more}")


def _summary(report: ArtifactReport) -> Iterator[str]:
    """Yield what the tag promises and whether that is kept, and the C library that is needed."""
    extensions = report["extensions"]
    parts = []
    if any(_is_stable(each) for each in extensions):
        broken = any(each["violations"] for each in extensions)
        declared = {each["declared_floor"] for each in extensions} - {None}
        computed = [each["computed_floor"] for each in extensions]
        floor = max(filter(None, computed), key=_numbers, default=None)
        stated = f"stable ABI: {'broken' if broken else 'kept'}"
        named = [f"floor {floor}"] if floor and None not in computed else []
        named += [f"declared {', '.join(sorted(map(str, declared)))}"] if declared else []
        parts.append(", ".join([stated, *named]))
    glibc = [each["libc_floor"] for each in extensions if each["libc_floor"] is not None]
    if glibc:
        parts.append(f"glibc {max(glibc, key=_numbers)}")
    if parts:
        yield "    ".join(parts)
    described = [each["runtime"] for each in report["runtimes"] if each["evidence"] == "table"]
    if described:
        yield f"judged from CPython's table of symbols: {runtime_ranges(described, described)}"


def _is_stable(extension: ExtensionReport) -> bool:
    """Return whether a module claims the stable ABI, by tag or by file name."""
    return extension["declared_floor"] is not None or extension["claim"]["kind"].startswith("abi3")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a dotted version, for comparing."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _wrapped(content: str, sheet: TextLayout, ink: Style) -> Iterator[str]:
    """Yield words in as many lines as they take, below a heading."""
    margin = " " * (len(content) - len(content.lstrip()))
    for line in _lines(escaped(content), sheet.columns - 2, f"{margin}  "):
        yield f"  {sheet.paint(line, ink)}"


def _lines(content: str, columns: int, indent: str = "  ") -> list[str]:
    """Return words in as many lines as they take; names keep their hyphens together."""
    return textwrap.wrap(content, columns, subsequent_indent=indent, break_on_hyphens=False)


def _hindrances(report: ArtifactReport, sheet: TextLayout) -> Iterator[str]:
    """Yield every name that keeps an extension from the stable ABI, with what there is instead."""
    for extension in report["extensions"]:
        for each in extension["hindrances"]:
            instead = f"; instead: {each['instead']}" if each["instead"] else ""
            content = f"{extension['path']} needs {each['symbol']} ({each['class']}){instead}"
            yield from _wrapped(content, sheet, Style.DIM)


def _outcome(
    found: Sequence[tuple[ArtifactReport, Sequence[GroupedReason]]],
    policy: Policy,
    sheet: TextLayout,
) -> Iterator[str]:
    """Yield what makes the command fail, where something does."""
    failing = Counter(
        kind
        for _, reasons in found
        for kind in {each.kind for each in reasons if policy.fails(each)}
    )
    if failing:
        fitting = (
            f"{kind} ({count} artifact{'' if count == 1 else 's'})"
            for kind, count in failing.most_common()
        )
        yield ""
        content = f"exit 1 because of {', '.join(fitting)}; --ignore CAUSE leaves one out"
        yield from (sheet.paint(line, Style.BAD) for line in _lines(content, sheet.columns))


def _reason(reason: GroupedReason, among: Sequence[str], sheet: TextLayout) -> Iterator[str]:
    """Yield one reason and where it holds."""
    head, ink = f"{reason.kind}: ", _INKS[reason.weight]
    where = f" [{_where(reason, among)}]" if reason.runtimes else ""
    content = f"{head}{escaped(reason.text)}{where}"
    for index, line in enumerate(_lines(content, sheet.columns - 2)):
        painted = sheet.paint(line[: len(head)], ink) + line[len(head) :] if not index else line
        yield f"  {painted}"
    if reason.help is not None:
        yield from _wrapped(f"  helps: {reason.help}", sheet, Style.DIM)


def _where(reason: GroupedReason, among: Sequence[str]) -> str:
    """Return the runtimes that a reason is true of."""
    if len(reason.runtimes) == len(among) > 1:
        return "every runtime"
    return escaped(runtime_ranges(reason.runtimes, among))
