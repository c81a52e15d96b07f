"""Choose a runtime for a program: gather the facts, judge, choose, plan."""

from __future__ import annotations

from multirt.dispatch.deciding import decide
from multirt.dispatch.measured import wants_fastest
from multirt.dispatch.misses import nothing_fits
from multirt.dispatch.named import with_named
from multirt.dispatch.planning import plan
from multirt.dispatch.remedies import Remedy, remedy
from multirt.dispatch.request import Decision, Request
from multirt.dispatch.unknown import probably_meant
from multirt.dispatch.virtual import Environment, find_environment, named_environment

__all__ = [
    "Decision",
    "Environment",
    "Remedy",
    "Request",
    "decide",
    "find_environment",
    "named_environment",
    "nothing_fits",
    "plan",
    "probably_meant",
    "remedy",
    "wants_fastest",
    "with_named",
]
