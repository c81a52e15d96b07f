"""The errors that a caller of `runtimes` can meet."""

from __future__ import annotations

from dataclasses import dataclass


class RuntimesError(Exception):
    """Base of every error that this package raises for a bad request."""


@dataclass
class SpecError(RuntimesError):
    """A text that is no runtime spec.

    Attributes:
        text: what was given.
        suggestion: the nearest spec that would be one, None when nothing is near.
    """

    text: str
    suggestion: str | None = None

    def __str__(self) -> str:
        """Say what was wrong and, where known, what was meant."""
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"not a runtime: {self.text!r}{hint}"


@dataclass
class NoRuntimeError(RuntimesError):
    """No runtime of the machine fits a spec.

    Attributes:
        spec: the spec as text.
        known: ids of the runtimes that were there to choose from.
    """

    spec: str
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say which spec nothing fits."""
        return f"no runtime here fits {self.spec!r}"
