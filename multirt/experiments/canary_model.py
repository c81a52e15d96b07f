"""What is remembered of a canary's starts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Role(StrEnum):
    """On what a start ran, and why."""

    USUAL = "usual"
    CANARY = "canary"  # in place of the usual one
    SHADOW = "shadow"  # after it, for comparison only


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Which runtime is tried for which program.

    Attributes:
        program: the program's key.
        usual: the id of the runtime that it runs on as ever.
        canary: the id of the new one.
    """

    program: str
    usual: str
    canary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """One start.

    Attributes:
        role: on what.
        at: when, in UTC.
        ending: how it ended; None when nobody has seen it end.
    """

    role: Role
    at: datetime
    ending: Ending | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """All starts of one trial.

    Attributes:
        trial: which.
        starts: the oldest first.
        stopped: why it was stopped for good; None while it goes on.
    """

    trial: Trial
    starts: tuple[Started, ...]
    stopped: str | None = None
