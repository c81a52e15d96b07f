"""The order of preference among runtimes for one program. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.config import Prefer
from runtimes import CRITERIA, rank

if TYPE_CHECKING:
    from multirt.config import Configuration
    from multirt.selection.model import EvaluationContext
    from runtimes import Runtime

_PRERELEASE, _VERSION = CRITERIA.index("stable release"), CRITERIA.index("newest version")


def order(configuration: Configuration) -> tuple[str, ...]:
    """Return the words for each part of a rank, in their order."""
    criteria = list(CRITERIA)
    if _value(configuration) is Prefer.OLDEST:
        criteria[_VERSION] = "oldest version"
    if configuration.allow_prerelease and configuration.allow_prerelease.value:
        criteria[_PRERELEASE] = "pre-releases as good"
    first = ["asked for", "the environment's own", "fewest unverified"]
    if _value(configuration) is Prefer.ACTIVE:
        first.append("active on PATH")
    return (*first, *criteria)


def ranked(question: EvaluationContext, runtime: Runtime, unverified: int) -> tuple[object, ...]:
    """Return a runtime's rank for a program; the smallest is best, no two are the same.

    Args:
        question: what is asked.
        runtime: the runtime.
        unverified: number of distributions of which only static checks are known.
    """
    configuration = question.configuration
    parts: list[object] = list(rank(runtime))
    if _value(configuration) is Prefer.OLDEST:
        parts[_VERSION] = runtime.version
    if configuration.allow_prerelease and configuration.allow_prerelease.value:
        parts[_PRERELEASE] = False
    first: list[object] = [_asked(configuration, runtime), runtime != question.home, unverified]
    if _value(configuration) is Prefer.ACTIVE:
        first.append(runtime != question.active)
    return (*first, *parts)


def _asked(configuration: Configuration, runtime: Runtime) -> int:
    """Return the place of the first alternative that a runtime fits."""
    hinted = configuration.hinted
    specs = configuration.specs or ((hinted.value,) if hinted is not None else ())
    fits = (place for place, spec in enumerate(specs) if spec.accepts(runtime))
    return next(fits, len(specs))


def _value(configuration: Configuration) -> Prefer | None:
    return configuration.prefer.value if configuration.prefer is not None else None
