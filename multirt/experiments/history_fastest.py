"""Find in the history which runtime is fastest for a program. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.experiments.intervals import paired_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from multirt.experiments.history_model import Record
    from multirt.experiments.intervals import Ratio


class Evidence(Struct, frozen=True, kw_only=True):
    """One runtime's times beside those of the usual choice.

    Attributes:
        runtime: its id.
        seconds: median.
        usual_seconds: median of the usual choice in the same session.
        ratio: how many times as fast.
        at: when it was measured.
    """

    runtime: str
    seconds: float
    usual_seconds: float
    ratio: Ratio
    at: datetime

    def beats(self, margin: float) -> bool:
        """Whether it is faster for certain, and by that much: 0.1 for 10 %."""
        return self.ratio.significant and self.ratio.estimate >= 1 + margin


def evidence_for(
    records: Sequence[Record], content: str, usual: str, allowed: Mapping[str, str]
) -> tuple[Evidence, ...]:
    """Return what the newest session that measured the usual choice says of the others.

    Args:
        records: of the program on this machine, the oldest first.
        content: the program's; what was measured with another content does not count.
        usual: the id of the usual choice.
        allowed: the ids that may be chosen, each with its executable; the usual choice is among
            them, profiles are not.

    Returns:
        The fastest first; empty when there is no such session.
    """
    fit = [each for each in records if each.content == content and each.threads is None]
    fit = [each for each in fit if allowed.get(each.runtime) == each.executable]
    usuals = [each for each in fit if each.runtime == usual]
    if not usuals:
        return ()
    reference = usuals[-1]
    found = [
        Evidence(
            runtime=each.runtime,
            seconds=each.median,
            usual_seconds=reference.median,
            ratio=paired_ratio(reference.by_round, each.by_round),
            at=each.at,
        )
        for each in fit
        if each.session == reference.session and each.checked and each.runtime != usual
    ]
    return tuple(sorted(found, key=lambda each: each.seconds))
