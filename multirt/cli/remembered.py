"""Where this user's measurements are kept."""

from __future__ import annotations

import os
from pathlib import Path

from multirt.history import FILE, History


def data_dir() -> Path:
    """Return the folder for what cannot be made again."""
    override = os.environ.get("MULTIRT_DATA_DIR")
    if override:
        return Path(override)
    from platformdirs import user_data_path  # 18 ms

    return user_data_path("multirt")


def history_store() -> History:
    """Return what was measured before."""
    return History(path=data_dir() / FILE)
