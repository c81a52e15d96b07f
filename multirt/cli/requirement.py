"""Read a requirement from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.program.requirement_text import parse_requirement

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def requirement(text: str) -> Requirement:
    """Return what the value of `--with` requires.

    Raises:
        MultirtError: it means nothing.
    """
    try:
        return parse_requirement(text)
    except ValueError as error:
        first = str(error).partition("\n")[0]
        hint = "write for example six, 'numpy<2' or 'black[jupyter]==25.1.0'"
        raise MultirtError("usage", f"invalid requirement {text!r}: {first}", hint) from error
