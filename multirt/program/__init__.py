"""Read what is to run: its files, what it says of itself, which modules it imports."""

from __future__ import annotations

from multirt.program.entry import entry_of
from multirt.program.guards import RuntimeFacts, evaluate_guard
from multirt.program.interpreter_line import FirstLine, is_python, read_first_line
from multirt.program.read import read_program

__all__ = [
    "FirstLine",
    "RuntimeFacts",
    "entry_of",
    "evaluate_guard",
    "is_python",
    "read_first_line",
    "read_program",
]
