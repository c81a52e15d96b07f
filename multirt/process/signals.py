"""Let signals that end a run from outside act as Ctrl-C does."""

from __future__ import annotations

import signal


def interrupt_on_termination() -> None:
    """Raise `KeyboardInterrupt` also when this process is asked to end, or its terminal goes."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script
        # What is started would ignore it too, and could not be asked to clean up.
        signal.signal(signal.SIGINT, _ignore)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing, but in this process alone."""
