"""The command `multirt`."""

from __future__ import annotations

from multirt.cli.entry import main

__all__ = ["main"]
