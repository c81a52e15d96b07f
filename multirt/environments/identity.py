"""Name environments so that the name changes with everything that they rest on."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runtimes import Runtime


def runtime_identity(runtime: Runtime) -> tuple[str, ...]:
    """Return what differs as soon as another interpreter is at a runtime's path.

    Raises:
        OSError: it is gone.
    """
    return (
        str(runtime.executable),
        signature(runtime.executable),
        str(runtime.version),
        runtime.abi.soabi or "",
        runtime.platform.tag,
    )


def signature(executable: Path) -> str:
    """Return what differs as soon as another file is at a path.

    Raises:
        OSError: none is.
    """
    status = executable.stat()
    return str((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


def digest(*facts: Iterable[str]) -> str:
    """Return 16 hexadecimal digits that differ when a fact, its place or its group does."""
    state = hashlib.sha256()
    for group in facts:
        for fact in group:
            data = os.fsencode(fact)
            state.update(b"%d:" % len(data) + data)
        state.update(b";")
    return state.hexdigest()[:16]
