"""Where this user's measurements are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.cli.paths import own_folder

if TYPE_CHECKING:
    from multirt.experiments.history import History


def data_dir() -> Path:
    """Return the folder for what cannot be made again."""
    return own_folder("data")


def history_file() -> Path:
    """Return the file of what was measured before."""
    return data_dir() / "history.sqlite3"


def history_store() -> History:
    """Return what was measured before."""
    from multirt.experiments.history import History  # sqlite3: 6 ms, which a start does without

    return History(path=history_file())


def names_of(program: Path) -> tuple[str, ...]:
    """Return what a program may be remembered by: a script by its path, also one that is gone."""
    path = os.path.abspath(program)  # noqa: PTH100 - a link stays what it is called
    return tuple(dict.fromkeys((path, str(program), f"-m {program}")))
