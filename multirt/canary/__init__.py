"""Try a new runtime on some starts of a program, while the usual one stays as it is."""

from __future__ import annotations

from multirt.canary.model import Course, Ending, Role, Started, Trial
from multirt.canary.report import Report, report_on
from multirt.canary.store import CanaryStore
from multirt.canary.trying import Canary
from multirt.canary.turns import is_canarys, is_crash

__all__ = [
    "Canary",
    "CanaryStore",
    "Course",
    "Ending",
    "Report",
    "Role",
    "Started",
    "Trial",
    "is_canarys",
    "is_crash",
    "report_on",
]
