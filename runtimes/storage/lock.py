"""Open the file of a lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from runtimes.storage.trust import UntrustedError, check_file, make_folder

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def open_lock(path: Path) -> int:
    """Return a descriptor of a file to lock, which is made where it does not exist.

    Another user's file in its place is removed: that user could lock it for ever.

    Raises:
        OSError: it cannot be made, or another user can write its folder.
    """
    make_folder(path.parent)
    try:
        check_file(path)
    except UntrustedError:
        path.unlink()
    except FileNotFoundError:
        pass
    return os.open(path, _FLAGS, 0o600)
