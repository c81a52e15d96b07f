"""What `multirt matrix` shows: a run while it goes on, and what came of it."""

from __future__ import annotations

from multirt.cli.tables.matrix.plan import print_cells, print_plan
from multirt.cli.tables.matrix.progress import watching
from multirt.cli.tables.matrix.summary import print_summary

__all__ = ["print_cells", "print_plan", "print_summary", "watching"]
