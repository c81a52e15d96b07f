"""Say something to people on stderr, which may be closed, or full."""

from __future__ import annotations

import os
from contextlib import suppress


def say(text: str) -> None:
    """Say something."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))


def debug(text: str) -> None:
    """Say what only those want to know who set MULTIRT_LOG=debug."""
    if os.environ.get("MULTIRT_LOG") == "debug":
        shown = (each if each.isprintable() else ascii(each)[1:-1] for each in text)
        say(f"multirt: debug: {''.join(shown)}")
