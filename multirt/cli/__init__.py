"""The command `multirt`."""

from __future__ import annotations

from multirt.isolation import isolate

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code."""
    isolate()
    from multirt.cli import entry  # only now: what it imports could be somebody else's

    return entry.main()
