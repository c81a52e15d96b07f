"""Render a plan: the JSON of `run --dry-run --json`, and a line for a shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from multirt.report.json_parts import SCHEMA, Document

if TYPE_CHECKING:
    from multirt.selection.model import Plan


def plan_document(plan: Plan) -> Document:
    """Return what `run --dry-run --json` prints."""
    return {
        **SCHEMA,
        "runtime": plan.runtime.id,
        "executable": str(plan.executable),
        "arguments": list(plan.arguments),
        "environment": dict(plan.environment),
    }


_ESCAPED = frozenset({*range(0x20), *range(0x7F, 0x100), *b"'\\"})


def plan_text(plan: Plan) -> str:
    """Return the line that starts the same."""
    variables = [f"{name}={_quoted(value)}" for name, value in plan.environment]
    return " ".join([*variables, *map(_quoted, (str(plan.executable), *plan.arguments))])


def _quoted(word: str) -> str:
    """Quote a word for a shell, in printable characters only (`$'...'` of POSIX.1-2024)."""
    if word.isprintable():
        return shlex.quote(word)
    coded = (
        f"\\{each:03o}" if each in _ESCAPED else chr(each)
        for each in word.encode("utf-8", "surrogateescape")
    )
    return f"$'{''.join(coded)}'"
