"""The command `multirt`."""

from __future__ import annotations

import gc
import sys

from multirt.launch.isolation import end_by_interrupts, isolate

__all__ = ["main"]

# What is made at a start stays: to look through it again and again took a tenth of its time.
_NEW_OBJECTS = 500_000


def main() -> int:
    """Run the command line of this process and return its exit code."""
    gc.set_threshold(_NEW_OBJECTS)
    isolate()
    end_by_interrupts()
    _import_msgspec()
    from multirt.cli.main import main as run  # only now: it could be from another path

    try:
        return run()
    finally:
        gc.freeze()  # nor is all of it looked through at the end


def _import_msgspec() -> None:
    """Import msgspec without `typing_extensions`, where only others need that.

    msgspec takes from it what `typing` has as well, and it takes `inspect`, `dis` and `tokenize`
    with it: an eighth of a start.
    """
    name = "typing_extensions"
    if name not in sys.modules:  # None is how an import is refused
        sys.modules[name] = None  # type: ignore[assignment]
        import msgspec  # noqa: F401 - to have it

        del sys.modules[name]
