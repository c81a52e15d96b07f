"""Render a comparison: JSON, text, and a page of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.experiments.bench_model import program_key
from multirt.report.explanations import first_reason, shared_text
from multirt.report.html import write_page
from multirt.report.json_parts import SCHEMA, Document
from multirt.report.terminal import open_console, text
from multirt.report.units import write_size
from multirt.selection.no_match import by_reason
from runtimes.ranges import runtime_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from multirt.experiments.compare import Comparison
    from multirt.experiments.grouping import Group, OutputDifference
    from multirt.experiments.trial import RecordedStream, RunOutcome


def compare_document(comparison: Comparison) -> Document:
    """Return what `compare --json` prints."""
    return {
        **SCHEMA,
        "program": program_key(comparison.field.program),
        "agree": comparison.agree,
        "reference": comparison.field.contenders[0].id,
        "rules": [rule.name for rule in comparison.rules],
        "remark": comparison.remark,
        "groups": [_group(each) for each in comparison.groups],
        "runs": [{"runtime": name, **_outcome(each)} for name, each in comparison.outcomes],
        "left_out": [
            {"runtime": each.runtime.id, "reason": first_reason(each)}
            for each in comparison.field.left_out
        ],
    }


def _group(group: Group) -> Document:
    """Return who agrees, and where they leave the reference."""
    difference = group.difference
    return {
        "runtimes": list(group.members),
        "difference": {"where": difference.where, "lines": list(difference.lines)}
        if difference is not None
        else None,
    }


def _outcome(outcome: RunOutcome) -> Document:
    """Return one run."""
    return {
        "exit_code": outcome.exit_code,
        "refused": outcome.refused,
        "timed_out": outcome.exit_code is None and outcome.refused is None,
        "seconds": round(outcome.seconds, 6),
        "stdout": _recorded(outcome.stdout),
        "stderr": _recorded(outcome.stderr),
        "files": {name: each and _recorded(each) for name, each in outcome.files},
    }


def _recorded(recorded: RecordedStream) -> Document:
    """Return a stream: its text stays out, for it may be long."""
    return {"bytes": recorded.size, "sha256": recorded.digest, "shown_whole": recorded.whole}


_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_LAST_LINE = 160  # characters


def print_comparison(comparison: Comparison) -> None:
    """Print the groups, each with its first difference, then what to know next to."""
    console = open_console()
    script = text(comparison.field.program.title)
    count, groups = len(comparison.outcomes), comparison.groups
    if comparison.agree and count > 1:
        style = "green" if groups[0].outcome.exit_code == 0 else "yellow"
        console.print(f"[{style}]all {count} agree[/] on {script}")
    elif len(groups) > 1:
        console.print(f"[red]{len(groups)} different results[/] of {script} on {count} runtimes")
    among = [member for group in groups for member in group.members]
    for index, group in enumerate(groups):
        if index == 0:
            _print_reference(console, group, among)
        else:
            _print_group(console, group, f"differs ({index})", among)
    if comparison.remark is not None:
        console.print(f"[yellow]note[/] {text(comparison.remark)}")
    if comparison.field.left_out:
        console.print(f"left out: {len(comparison.field.left_out)} that cannot run it")
        for first, alike in by_reason(comparison.field.left_out):
            names = [each.runtime.id for each in alike]
            reason = f"{first.cause.value}: {shared_text(first, alike)}"
            console.print(f"  {text(runtime_ranges(names, names))}  {text(reason)}", style="dim")
    rules = ", ".join(rule.name for rule in comparison.rules) or "nothing"
    console.print(f"may differ: {rules}", style="dim")


def _print_reference(console: Console, group: Group, among: Sequence[str]) -> None:
    """Print whom all are compared with, how it ended, and who agrees with it."""
    first, *others = group.members
    console.print(f"\n[bold]reference[/]: {text(first)}")
    console.print(f"  {text(summary(group.outcome))}")
    if others:
        console.print(f"the same ({len(others)}): {text(runtime_ranges(others, among))}")


def _print_group(console: Console, group: Group, title: str, among: Sequence[str]) -> None:
    """Print who is in a group, how it ended, and where it leaves the reference."""
    console.print(f"\n[bold]{title}[/]: {text(runtime_ranges(group.members, among))}")
    console.print(f"  {text(summary(group.outcome))}")
    if group.difference is not None:
        _print_difference(console, group.difference)


def summary(outcome: RunOutcome) -> str:
    """Say in one line the result of a run."""
    streams = (("stdout", outcome.stdout), ("stderr", outcome.stderr))
    written = [f"{name} {write_size(each.size)}" for name, each in streams if each.size]
    files = [f"{len(outcome.files)} files changed"] if outcome.files else []
    lines = [last_line(outcome)] if outcome.exit_code != 0 else []
    parts = [outcome.ending, *(written or ["no output"]), *files]
    return ": ".join([", ".join(parts), *filter(None, lines)])


def last_line(outcome: RunOutcome) -> str:
    """Return the last line of stderr, where a traceback has the error."""
    lines = [line.strip() for line in outcome.stderr.text.splitlines() if line.strip()]
    return lines[-1][:_LAST_LINE] if lines else ""


def _print_difference(console: Console, difference: OutputDifference) -> None:
    """Print a diff as people know it."""
    console.print(f"  first difference: {text(difference.where)}")
    _print_lines(console, difference.lines)


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        heading = line.startswith(("--- ", "+++ "))
        style = "bold" if heading else _STYLES.get(line[:1])
        console.print(f"    {text(line)}", style=style, soft_wrap=True)


_TONES = {"+": "good", "-": "bad"}


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write the groups with their differences.

    Raises:
        MultirtError: the file cannot be written.
    """
    groups = comparison.groups
    count = len(comparison.outcomes)
    facts = [
        ("program", program_key(comparison.field.program)),
        ("runtimes", count),
        ("different results", len(groups)),
        ("reference", comparison.field.contenders[0].id),
        ("may differ", ", ".join(rule.name for rule in comparison.rules) or "nothing"),
    ]
    context = {
        "title": f"{comparison.field.program.title} on {count} runtimes",
        "facts": facts,
        "remark": comparison.remark,
        "groups": [
            {
                "title": "the reference" if index == 0 else f"different result {index}",
                "tone": "good" if index == 0 else "bad",
                "members": group.members,
                "summary": summary(group.outcome),
                "where": group.difference.where if group.difference is not None else None,
                "lines": [(_tone(line), line) for line in group.difference.lines]
                if group.difference is not None
                else [],
            }
            for index, group in enumerate(groups)
        ],
        "left_out": [(each.runtime.id, first_reason(each)) for each in comparison.field.left_out],
    }
    write_page(path, "comparison_page.html", context)


def _tone(line: str) -> str:
    """Return how a line of a diff looks; its two headings are neither added nor removed."""
    return "none" if line.startswith(("--- ", "+++ ")) else _TONES.get(line[:1], "none")
