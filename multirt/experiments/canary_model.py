"""The starts of a canary: which ones are the canary's, and how they ended."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime


# What a process does to itself; SIGTERM, SIGINT, SIGKILL and the like come from others.
_CRASHES = tuple(
    number
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if (number := getattr(signal, name, None)) is not None
)


class Role(StrEnum):
    """On what a start ran, and why."""

    USUAL = "usual"
    CANARY = "canary"  # in place of the usual one
    SHADOW = "shadow"  # after it, for comparison only


class Trial(Struct, frozen=True, kw_only=True):
    """Which runtime is tried for which program.

    Attributes:
        program: the program's key.
        usual: the id of the runtime that it runs on as ever.
        canary: the id of the new one.
    """

    program: str
    usual: str
    canary: str


class Ending(Struct, frozen=True, kw_only=True):
    """How a start ended.

    Attributes:
        exit_code: negative for a signal; None when it could not be started, or was not awaited.
        refused: why it could not be started; None when it was.
        seconds: how long it took.
        difference: where its output left that of the usual runtime, and how; empty when it was
            the same, None when they were not compared.
    """

    exit_code: int | None
    refused: str | None = None
    seconds: float = 0.0
    difference: str | None = None


class Started(Struct, frozen=True, kw_only=True):
    """One start.

    Attributes:
        role: on what.
        at: when, in UTC.
        ending: how it ended; None when nobody has seen it end.
    """

    role: Role
    at: datetime
    ending: Ending | None


class Course(Struct, frozen=True, kw_only=True):
    """All starts of one trial.

    Attributes:
        trial: which.
        starts: the oldest first.
        stopped: why it was stopped for good; None while it goes on.
    """

    trial: Trial
    starts: tuple[Started, ...]
    stopped: str | None = None


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
