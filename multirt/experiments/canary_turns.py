"""Whose turn it is, and what ends a trial. Pure."""

from __future__ import annotations

import signal

# What a process does to itself; SIGTERM, SIGINT, SIGKILL and the like come from others.
_CRASHES = tuple(
    number
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if (number := getattr(signal, name, None)) is not None
)


def is_canarys(number: int, percent: float) -> bool:
    """Whether a start is the canary's: the share is exact, and spread evenly.

    Args:
        number: of the start, counted from 1.
        percent: of the starts that are the canary's.
    """
    return int(number * percent / 100) > int((number - 1) * percent / 100)


def is_crash(exit_code: int | None) -> bool:
    """Whether a program crashed, by its exit code as `subprocess` has it."""
    return exit_code is not None and -exit_code in _CRASHES
