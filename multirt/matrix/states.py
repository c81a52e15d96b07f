"""The states of a cell, before and after its tests."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What is known of a cell, or became of it."""

    READY = "ready"
    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    CANNOT_START = "cannot start"
    BLOCKED = "blocked"
    BROKEN_PROMISE = "broken promise"
    MISSING = "missing"
    SKIPPED = "skipped"  # not here, and `missing = "skip"`
    BUILD_FAILED = "build failed"
    UNRESOLVED = "unresolved"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not run"  # another failed, and `-x` was given
