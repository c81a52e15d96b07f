"""Find the scripts that a command line names: files, and whole folders of console scripts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.program.shebang_line import read_line
from multirt.storage.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = 8192  # bytes in which the first two lines are


def scripts_in(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the scripts that some paths mean, each once, with links followed.

    Of a folder those files count that start Python or multirt by their first line.

    Raises:
        MultirtError: a path is not there or cannot be read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                names = sorted(os.listdir(path))  # noqa: PTH208 - names only
                found |= dict.fromkeys(
                    Path(os.path.realpath(path / name)) for name in names if _is_script(path / name)
                )
            else:
                path.stat()
                found[Path(os.path.realpath(path))] = None
        except OSError as error:
            raise MultirtError("shebang", f"{path}: {error.strerror}") from error
    return tuple(found)


def head_of(path: Path) -> bytes:
    """Return the beginning of a file.

    Raises:
        OSError: it cannot be read.
    """
    return read_head(path, _HEAD)


def _is_script(path: Path) -> bool:
    try:
        line = read_line(head_of(path)) if path.is_file() else None
    except OSError:
        return False
    return line is not None and (line.python or line.through_multirt) and line.trouble is None
