"""What `explain --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multirt.report.explanations import (
    detail_text,
    note_text,
    remedy_command,
    resolver_text,
    warning_texts,
)
from multirt.report.json_parts import SCHEMA, Document, ratio_document
from multirt.selection.no_match import suggest_fix
from multirt.selection.ranking import criteria_names

if TYPE_CHECKING:
    from multirt.config import Configuration, Setting
    from multirt.program.model import Program
    from multirt.selection.model import Candidate, Decision


def explain_document(decision: Decision) -> Document:
    """Return what `explain --json` prints."""
    chosen, found = decision.chosen, suggest_fix(decision)
    return {
        **SCHEMA,
        "program": {
            **_program(decision.program),
            "sites": [str(root) for root in decision.roots],
            "installs": list(decision.wanted.requirements) if decision.wanted else [],
        },
        "settings": _settings(decision.configuration),
        "notes": [*map(note_text, decision.notes)],
        "order": list(criteria_names(decision.configuration)),
        "chosen": chosen.runtime.id if chosen is not None else None,
        "remedy": {"runtime": found.runtime, "command": remedy_command(found, decision)}
        if found
        else None,
        "usual": decision.usual,
        "measured": [
            {
                "runtime": each.runtime,
                "seconds": each.seconds,
                "usual_seconds": each.usual_seconds,
                "ratio": ratio_document(each.ratio),
                "at": each.at.isoformat(),
            }
            for each in decision.evidence
        ],
        "candidates": [_candidate(candidate) for candidate in decision.candidates],
        "rests_on": {
            "read": [str(path) for path in decision.read],
            "absent": [str(path) for path in decision.absent],
            "variables": list(decision.variables),
        },
    }


def _program(program: Program) -> Document:
    wanted = program.requires_python
    return {
        "kind": program.entry.kind.value,
        "text": program.entry.text,
        "script": str(program.script) if program.script is not None else None,
        "requires_python": str(wanted) if wanted is not None else None,
        "dependencies": [str(each) for each in program.dependencies],
        "imports": sorted({each.name for each in program.imports}),
        "files": [str(each.file) for each in program.sources],
    }


def _settings(configuration: Configuration) -> Document:
    """Return what was asked for, each with the place that it comes from."""

    def said(setting: Setting[Any] | None, value: object) -> Document | None:
        return {"value": value, "origin": setting.origin} if setting is not None else None

    asked, shebang_spec = configuration.runtimes, configuration.shebang_spec
    prefer, implementation = configuration.prefer, configuration.implementation
    return {
        "runtimes": said(asked, [str(spec) for spec in configuration.specs]),
        "hinted": said(shebang_spec, str(shebang_spec.value) if shebang_spec else None),
        "implementation": said(implementation, implementation.value if implementation else None),
        "requires_python": [said(each, str(each.value)) for each in configuration.requires],
        "needs": [said(each, each.value.value) for each in configuration.needs],
        "prefer": said(prefer, prefer.value.value if prefer else None),
        "imports": [said(each, each.value) for each in configuration.imports],
        "requirements": [said(each, str(each.value)) for each in configuration.requirements],
    }


def _candidate(candidate: Candidate) -> Document:
    return {
        "runtime": candidate.runtime.id,
        "accepted": candidate.accepted,
        "rank": [part if isinstance(part, bool | int) else str(part) for part in candidate.rank],
        "objections": [
            {
                "cause": each.cause.value,
                "detail": detail_text(each, candidate.runtime),
                "path": each.path,
                "symbol": each.symbol,
                "full": resolver_text(each),
            }
            for each in candidate.objections
        ],
        "warnings": warning_texts(candidate),
        "unverified": list(candidate.unverified),
    }
