"""Take environments away, at once or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


def discard(home: Path) -> None:
    """Remove a folder, such that nobody ever meets a part of it; none there is no trouble.

    Raises:
        OSError: it cannot be removed.
    """
    if not home.is_dir():
        home.unlink(missing_ok=True)
        return
    grave = Path(tempfile.mkdtemp(prefix=f".old-{home.name}~", dir=home.parent))
    try:
        home.rename(grave / home.name)
    except FileNotFoundError:  # somebody else was quicker
        pass
    finally:
        shutil.rmtree(grave, ignore_errors=True)
