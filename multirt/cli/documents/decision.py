"""What `explain --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.cli.documents.parts import SCHEMA, Document, objection_document

if TYPE_CHECKING:
    from multirt.dispatch import Decision


def explain_document(decision: Decision) -> Document:
    """Return what `explain --json` prints."""
    program, chosen = decision.program, decision.chosen
    wanted = program.requires_python
    return {
        **SCHEMA,
        "program": {
            "kind": program.entry.kind.value,
            "text": program.entry.text,
            "script": str(program.script) if program.script is not None else None,
            "requires_python": str(wanted) if wanted is not None else None,
            "dependencies": [str(each) for each in program.dependencies],
            "imports": sorted({each.name for each in program.imports}),
            "sites": [str(root) for root in decision.roots],
        },
        "chosen": chosen.runtime.id if chosen is not None else None,
        "candidates": [
            {
                "runtime": verdict.runtime.id,
                "accepted": verdict.accepted,
                "rank": [
                    part if isinstance(part, bool | int) else str(part) for part in verdict.rank
                ],
                "objections": [objection_document(each) for each in verdict.objections],
            }
            for verdict in decision.verdicts
        ],
    }
