"""Ask a runtime whether it can compile a program's files and has the names that they import."""

from __future__ import annotations

from multirt.asking.process import ask

__all__ = ["ask"]
