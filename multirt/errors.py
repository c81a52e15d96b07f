"""The errors that end the command, each with the exit code that is documented for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """multirt's own exit codes; a program that was started gives its own."""

    VIOLATION = 1
    DIFFERENT = 1  # the same code: both commands found something
    USAGE = 2
    UNMET = 3  # a runtime that the matrix requires is missing, blocked, or promised in vain
    BUILD_FAILED = 4
    NOTHING_RAN = 5
    FAILED = 125
    CANNOT_START = 126
    NOTHING_FITS = 127


@dataclass
class MultirtError(Exception):
    """Something that the user has to know and act upon.

    Attributes:
        kind: a short word for programs, `usage`, `no-runtime`, `script`.
        message: what is wrong and where, one line.
        hint: what to do next; None when there is nothing to say.
        code: the exit code.
    """

    kind: str
    message: str
    hint: str | None = None
    code: ExitCode = ExitCode.USAGE

    def __str__(self) -> str:
        """Say what is wrong."""
        return self.message
