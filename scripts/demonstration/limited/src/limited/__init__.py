"""Count the bytes of a buffer, and hold a count in a type of its own; both in C."""

from limited._counting import Counter, tally

__all__ = ["Counter", "tally"]
