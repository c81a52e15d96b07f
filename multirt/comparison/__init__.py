"""Is another runtime the same? One program, many runtimes, one answer each, side by side."""

from __future__ import annotations

from multirt.comparison.compare import Comparison, Conditions, compare, prepared, run_contender
from multirt.comparison.grouping import Difference, Group, first_difference, group_outcomes
from multirt.comparison.recording import Recorded, Recording
from multirt.comparison.rules import RULES, Rule, choose_rules, substitutions
from multirt.comparison.trial import Outcome, Start, run_once, signal_name

__all__ = [
    "RULES",
    "Comparison",
    "Conditions",
    "Difference",
    "Group",
    "Outcome",
    "Recorded",
    "Recording",
    "Rule",
    "Start",
    "choose_rules",
    "compare",
    "first_difference",
    "group_outcomes",
    "prepared",
    "run_contender",
    "run_once",
    "signal_name",
    "substitutions",
]
