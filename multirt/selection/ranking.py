"""The order of preference among runtimes for one program, and what the history changes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.config import Note, NoteKind, Prefer
from multirt.errors import MultirtError
from runtimes import CRITERIA, rank

if TYPE_CHECKING:
    from multirt.config import Configuration
    from multirt.selection.model import Decision, EvaluationContext, Measurements
    from runtimes import Runtime

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
    accepted = {each.runtime.id: each for each in decision.candidates if each.accepted}
    executables = {name: str(each.runtime.executable) for name, each in accepted.items()}
    try:
        evidence = history.measured_times(decision.program, usual.id, executables)
    except MultirtError as error:
        note = Note(kind=NoteKind.HISTORY, facts=(error.message,))
        return replace(decision, notes=(*decision.notes, note))
    setting = decision.configuration.margin
    margin = (setting.value if setting is not None else USUAL_MARGIN) / 100
    best = next((each for each in evidence if each.beats(margin)), None)
    return replace(
        decision,
        chosen=accepted[best.runtime] if best is not None else decision.chosen,
        usual=usual.id,
        evidence=evidence,
        read=(*decision.read, history.path),
    )


_PRERELEASE, _VERSION = CRITERIA.index("stable release"), CRITERIA.index("newest version")


def criteria_names(configuration: Configuration) -> tuple[str, ...]:
    """Return the name of each part of a rank, in their order."""
    criteria = list(CRITERIA)
    if _value(configuration) is Prefer.OLDEST:
        criteria[_VERSION] = "oldest version"
    if configuration.allow_prerelease and configuration.allow_prerelease.value:
        criteria[_PRERELEASE] = "pre-releases as good"
    first = ["asked for", "the environment's own", "fewest unverified"]
    if _value(configuration) is Prefer.ACTIVE:
        first.append("active on PATH")
    return (*first, *criteria)


def rank_for_program(
    context: EvaluationContext, runtime: Runtime, unverified: int
) -> tuple[object, ...]:
    """Return a runtime's rank for a program; the smallest is best, no two are the same.

    Args:
        context: what is asked.
        runtime: the runtime.
        unverified: number of distributions of which only static checks are known.
    """
    configuration = context.configuration
    parts: list[object] = list(rank(runtime))
    if _value(configuration) is Prefer.OLDEST:
        parts[_VERSION] = runtime.version
    if configuration.allow_prerelease and configuration.allow_prerelease.value:
        parts[_PRERELEASE] = False
    first: list[object] = [
        _not_requested(configuration, runtime),
        runtime != context.venv_runtime,
        unverified,
    ]
    if _value(configuration) is Prefer.ACTIVE:
        first.append(runtime != context.active)
    return (*first, *parts)


def _not_requested(configuration: Configuration, runtime: Runtime) -> int:
    """Return the index of the first alternative that a runtime fits."""
    shebang_spec = configuration.shebang_spec
    specs = configuration.specs or ((shebang_spec.value,) if shebang_spec is not None else ())
    fits = (index for index, spec in enumerate(specs) if spec.accepts(runtime))
    return next(fits, len(specs))


def _value(configuration: Configuration) -> Prefer | None:
    return configuration.prefer.value if configuration.prefer is not None else None
