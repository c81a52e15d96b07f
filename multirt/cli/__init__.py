"""The command `multirt`."""

from __future__ import annotations

import gc

from multirt.launch.isolation import end_by_interrupts, isolate

__all__ = ["main"]

# What is made at a start stays: to look through it again and again took a tenth of its time.
_NEW_OBJECTS = 50_000


def main() -> int:
    """Run the command line of this process and return its exit code."""
    gc.set_threshold(_NEW_OBJECTS)
    isolate()
    end_by_interrupts()
    from multirt.cli.main import main as run  # only now: it could be from another path

    try:
        return run()
    finally:
        gc.freeze()  # nor is all of it looked through at the end
