"""Read a requirement from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.errors import MultirtError

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def requirement(text: str) -> Requirement:
    """Return what the value of `--with` requires.

    Raises:
        MultirtError: it means nothing.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # 60 ms, where it is asked

    try:
        return Requirement(text)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        hint = "write for example six, 'numpy<2' or 'black[jupyter]==25.1.0'"
        raise MultirtError("usage", f"invalid requirement {text!r}: {first}", hint) from error
