"""The script that every candidate is given."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRIPT = Path(__file__).with_name("probe_script.py.txt")


@cache
def question() -> bytes:
    """Return the script before its nonce is put in; it parses on Python 2.7 and MicroPython."""
    return _SCRIPT.read_bytes()


def question_with(nonce: str, crashed: Iterable[str] = ()) -> str:
    """Return the script that frames its answer with a nonce.

    Args:
        nonce: letters and digits.
        crashed: the modules that it must not import again.
    """
    script = question().decode("ascii").replace("@NONCE@", nonce)
    return script.replace("@CRASHED@", " ".join(crashed))
