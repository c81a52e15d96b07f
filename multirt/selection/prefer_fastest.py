"""Choose the runtime that the history shows fastest, where that is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.config import Prefer
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.config import Configuration
    from multirt.selection.request import Decision

USUAL_MARGIN = 10  # percent


def wants_fastest(configuration: Configuration) -> bool:
    """Whether somebody prefers the fastest."""
    return configuration.prefer is not None and configuration.prefer.value is Prefer.FASTEST


def apply_history(decision: Decision, file: Path | None) -> Decision:
    """Return the decision with the fastest runtime chosen, and what the history says.

    The choice stays as it is where nothing was measured, where the program has changed since, or
    where the gain is uncertain or below the margin.

    Args:
        decision: of every runtime; its choice is the usual one.
        file: of the history; None where there is none.
    """
    if decision.chosen is None or file is None:
        return decision
    if not file.exists():
        return replace(decision, absent=(*decision.absent, file))
    from multirt.experiments.history import History, evidence_for
    from multirt.experiments.history_model import content_of, machine_key, program_key

    usual, program = decision.chosen.runtime, decision.program
    accepted = {each.runtime.id: each for each in decision.verdicts if each.accepted}
    try:
        records = History(path=file).records(program_key(program), machine_key())
    except MultirtError as error:
        note = f"{error.message}: the usual choice stands"
        return replace(decision, notes=(*decision.notes, note))
    evidence = evidence_for(
        records,
        content_of(program),
        usual.id,
        {name: str(each.runtime.executable) for name, each in accepted.items()},
    )
    said = decision.configuration.margin
    margin = (said.value if said is not None else USUAL_MARGIN) / 100
    best = next((each for each in evidence if each.beats(margin)), None)
    return replace(
        decision,
        chosen=accepted[best.runtime] if best is not None else decision.chosen,
        usual=usual.id,
        evidence=evidence,
        read=(*decision.read, file),
    )
