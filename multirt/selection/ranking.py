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
        _asked(configuration, runtime),
        runtime != context.venv_runtime,
        unverified,
    ]
    if _value(configuration) is Prefer.ACTIVE:
        first.append(runtime != context.active)
    return (*first, *parts)


def _asked(configuration: Configuration, runtime: Runtime) -> int:
    """Return the index of the first alternative that a runtime fits."""
    shebang_spec = configuration.shebang_spec
    specs = configuration.specs or ((shebang_spec.value,) if shebang_spec is not None else ())
    fits = (index for index, spec in enumerate(specs) if spec.accepts(runtime))
    return next(fits, len(specs))


def _value(configuration: Configuration) -> Prefer | None:
    return configuration.prefer.value if configuration.prefer is not None else None
