"""Judge runtimes for a program: pure functions of values."""

from __future__ import annotations

from multirt.judge.imports import Having
from multirt.judge.question import Question
from multirt.judge.ranking import order
from multirt.judge.site import reached
from multirt.judge.verdict import choose, judge_runtime

__all__ = [
    "Having",
    "Question",
    "choose",
    "judge_runtime",
    "order",
    "reached",
]
