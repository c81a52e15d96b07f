"""Read files of requirements, as pip writes them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.errors import UsageError
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ANOTHER_FILE = ("-r", "--requirement")
_DROPPED = "--hash="  # of one file; which file it will be is not known yet


class RequirementLines(Struct, frozen=True, kw_only=True):
    """What files of requirements say.

    Attributes:
        lines: the requirements.
        read: the files, also those that they name.
    """

    lines: tuple[str, ...]
    read: tuple[Path, ...]


def read_requirements(files: Iterable[Path]) -> RequirementLines:
    """Return the requirements in files, and in the files that they name.

    Args:
        files: absolute.

    Raises:
        MultirtError: a file cannot be read, or has an option that only an installer can follow.
    """
    lines: dict[str, None] = {}
    read: list[Path] = []
    left = [*files]
    while left:
        file = left.pop(0)
        if file in read:
            continue
        read.append(file)
        for options, line in _lines(file):
            if options[0] in _ANOTHER_FILE and len(options) > 1:
                left.append(file.parent / options[1])
            elif options[0].startswith("-"):
                message = f"{file}: {options[0]} is not understood here"
                hint = "list plain requirements, or give the option by UV_ variables"
                raise UsageError(message, hint)
            else:
                lines[line] = None
    return RequirementLines(lines=tuple(lines), read=tuple(read))


def _lines(file: Path) -> Iterator[tuple[list[str], str]]:
    """Yield the lines of a file that are not empty: their arguments, and the requirement."""
    try:
        text = read_text(file)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {file}: it is not UTF-8") from error
    for line in text.replace("\\\n", " ").splitlines():
        try:
            options = shlex.split(line, comments=True)
        except ValueError as error:
            raise UsageError(f"{file}: {line.strip()}: {error}") from error
        kept = [option for option in options if not option.startswith(_DROPPED)]
        if kept:
            yield kept, line.partition(" #")[0].partition(f" {_DROPPED}")[0].strip()
