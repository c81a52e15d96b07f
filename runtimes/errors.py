"""The errors that a caller of `runtimes` can meet."""

from __future__ import annotations

from enum import StrEnum

_LONGEST = 200  # characters of a spec that a message repeats


class Reason(StrEnum):
    """Why a candidate is not listed as a runtime."""

    NOT_EXECUTABLE = "not-executable"
    NOT_A_FILE = "not-a-file"  # a folder, FIFO, device or socket
    BROKEN_LINK = "broken-link"  # points nowhere or to itself
    SHIM = "shim"  # of a version manager; never started
    ENVIRONMENT = "environment"  # a virtual environment: it points to a runtime, and is none
    PROGRAM = "program"  # a script that a Python runtime runs; never started
    UNTRUSTED = "untrusted"  # others may write there
    UNREADABLE = "unreadable"
    CANNOT_START = "cannot-start"  # another architecture, a missing `#!` interpreter
    TIMED_OUT = "timed-out"
    FAILED = "failed"  # ended without the answer
    INVALID_OUTPUT = "garbled"  # answered something that makes no sense


def _shown(text: str) -> str:
    """Quote what was written, its beginning where it is endless."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


class RuntimesError(Exception):
    """Base of every error that this package raises for a bad request."""


class SpecError(RuntimesError):
    """A text that is no runtime spec.

    Attributes:
        text: what was given.
        suggestion: the nearest spec that would be one, None when nothing is near.
    """

    def __init__(self, text: str, suggestion: str | None = None) -> None:
        """Keep what was given, and what was meant."""
        super().__init__(text, suggestion)
        self.text = text
        self.suggestion = suggestion

    def __str__(self) -> str:
        """Say what was wrong and, where known, what was meant."""
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"not a runtime: {_shown(self.text)}{hint}"


class NoRuntimeError(RuntimesError):
    """No runtime of the machine fits a spec.

    Attributes:
        spec: the spec as text.
        known: ids of the runtimes that were there to choose from.
    """

    def __init__(self, spec: str, known: tuple[str, ...] = ()) -> None:
        """Keep what was asked for, and what there was."""
        super().__init__(spec, known)
        self.spec = spec
        self.known = known

    def __str__(self) -> str:
        """Say which spec nothing fits."""
        return f"no runtime here fits {_shown(self.spec)}"


class CandidateError(RuntimesError):
    """A file that is no usable runtime.

    Attributes:
        reason: the kind of trouble.
        detail: one line in the words of the operating system or of the candidate.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keep what is wrong."""
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        """Say what is wrong with it."""
        return f"{self.reason.value}: {self.detail}"
