"""Choose the runtime that the history shows fastest, where that is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.config import Prefer
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from multirt.config import Configuration
    from multirt.selection.model import Measurements
    from multirt.selection.request import Decision

USUAL_MARGIN = 10  # percent


def wants_fastest(configuration: Configuration) -> bool:
    """Return whether the fastest runtime is preferred."""
    return configuration.prefer is not None and configuration.prefer.value is Prefer.FASTEST


def apply_history(decision: Decision, history: Measurements) -> Decision:
    """Return the decision with the runtime chosen that the history shows fastest.

    The usual choice stays where nothing was measured, where the program has changed since, or
    where the gain is uncertain or below the margin.
    """
    if decision.chosen is None:
        return decision
    if not history.path.exists():
        return replace(decision, absent=(*decision.absent, history.path))
    usual = decision.chosen.runtime
    accepted = {each.runtime.id: each for each in decision.verdicts if each.accepted}
    executables = {name: str(each.runtime.executable) for name, each in accepted.items()}
    try:
        evidence = history.measured_times(decision.program, usual.id, executables)
    except MultirtError as error:
        note = f"{error.message}: the usual choice stands"
        return replace(decision, notes=(*decision.notes, note))
    said = decision.configuration.margin
    margin = (said.value if said is not None else USUAL_MARGIN) / 100
    best = next((each for each in evidence if each.beats(margin)), None)
    return replace(
        decision,
        chosen=accepted[best.runtime] if best is not None else decision.chosen,
        usual=usual.id,
        evidence=evidence,
        read=(*decision.read, history.path),
    )
