"""The values of dispatch: a program, what stands against each runtime, and the plan."""

from __future__ import annotations

from multirt.model.answers import Answers, Refusal
from multirt.model.program import Entry, Exit, Guard, Import, Kind, Program, Source
from multirt.model.verdict import Cause, Objection, Plan, Verdict

__all__ = [
    "Answers",
    "Cause",
    "Entry",
    "Exit",
    "Guard",
    "Import",
    "Kind",
    "Objection",
    "Plan",
    "Program",
    "Refusal",
    "Source",
    "Verdict",
]
