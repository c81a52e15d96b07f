"""What `compare --html` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.experiments.history_keys import program_key
from multirt.report.compare_text import summary
from multirt.report.write_html import write_page

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.experiments.compare import Comparison

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
                "title": "the reference" if place == 0 else f"different result {place}",
                "tone": "good" if place == 0 else "bad",
                "members": group.members,
                "summary": summary(group.outcome),
                "where": group.difference.where if group.difference is not None else None,
                "lines": [(_tone(line), line) for line in group.difference.lines]
                if group.difference is not None
                else [],
            }
            for place, group in enumerate(groups)
        ],
        "left_out": comparison.field.left_out,
    }
    write_page(path, "comparison_page.html", context)


def _tone(line: str) -> str:
    """Return how a line of a diff looks; its two headings are neither added nor removed."""
    return "none" if line.startswith(("--- ", "+++ ")) else _TONES.get(line[:1], "none")
