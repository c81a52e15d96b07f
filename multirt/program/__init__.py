"""Read what is to run: its files, what it says of itself, which modules it imports."""

from __future__ import annotations

from multirt.program.guards import RuntimeFacts, evaluate_guard
from multirt.program.read import entry_of, read_program
from multirt.program.shebang import Shebang, is_python, read_shebang

__all__ = [
    "RuntimeFacts",
    "Shebang",
    "entry_of",
    "evaluate_guard",
    "is_python",
    "read_program",
    "read_shebang",
]
