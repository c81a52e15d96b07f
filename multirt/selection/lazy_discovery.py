"""Ask first the runtimes that are likely to be chosen, and the others where they could be. Pure.

To ask one what it is takes 50 ms to 4 s, and a first start should not wait for all of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from multirt.config import Prefer
from runtimes import is_cpython, release_line, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from multirt.config import Configuration
    from multirt.selection.criteria import Question
    from multirt.selection.request import Decision


def first_lines(configuration: Configuration) -> Callable[[tuple[int, int]], bool] | None:
    """Return which release lines of CPython may hold the choice; None where any runtime may."""
    prefer = configuration.prefer.value if configuration.prefer is not None else None
    prerelease = configuration.allow_prerelease
    if prefer not in (None, Prefer.NEWEST) or (prerelease is not None and prerelease.value):
        return None
    return partial(_may_be_chosen, configuration)


def _may_be_chosen(configuration: Configuration, line: tuple[int, int]) -> bool:
    hinted = configuration.hinted
    specs = configuration.specs or ((hinted.value,) if hinted is not None else ())
    wanted = all(within(each.value, line) for each in configuration.requires)
    return wanted and (not specs or specs[0].may_accept(line))


def is_settled(decision: Decision, question: Question) -> bool:
    """Whether whatever was not asked would come after the choice, see `judge.ranking`.

    Where modules may come from places that are not read, which ones only a standard library brings
    is known from all runtimes together.
    """
    chosen, program = decision.chosen, decision.program
    if chosen is None or question.builds or question.unseen or program.searches_elsewhere:
        return False
    runtime = chosen.runtime
    if not is_cpython(runtime) or runtime.prerelease:
        return False
    if runtime.abi.debug or runtime.abi.free_threaded:
        return False
    asked, is_foreign, unverified = chosen.rank[:3]
    if asked or unverified or (is_foreign and decision.environment is not None):
        return False
    lines = (release_line(path.name) for path in decision.discovery.postponed)
    newer = (line for line in lines if line is not None and line >= runtime.version.release[:2])
    return not any(_may_be_chosen(decision.configuration, line) for line in newer)
