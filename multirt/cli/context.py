"""What this process's environment asks of the search for runtimes."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.cli.paths import own_folder, user_folder
from multirt.errors import MultirtError
from multirt.report.waiting import waiting

if TYPE_CHECKING:
    from multirt.environments import Store
    from runtimes import Search


def cache_dir() -> Path:
    """Return the folder for everything that can be made again."""
    return own_folder("cache")


def search(*, refresh: bool = False) -> Search:
    """Return the search that this process's environment asks for.

    Raises:
        MultirtError: MULTIRT_PROBE_TIMEOUT is no number of seconds.
    """
    text = os.environ.get("MULTIRT_PROBE_TIMEOUT", "5")
    try:
        timeout = float(text)
    except ValueError:
        timeout = math.nan
    if not 0 < timeout < math.inf:
        message = f"MULTIRT_PROBE_TIMEOUT is no number of seconds: {text!r}"
        raise MultirtError("usage", message, "write for example 5 or 0.5")
    from runtimes import Search  # 50 ms, which who only wants the cache does without

    return Search(
        env=dict(os.environ),
        home=Path.home(),
        cwd=Path.cwd(),
        cache_dir=cache_dir(),
        timeout=timeout,
        refresh=refresh,
        progress=waiting,
    )


def user_config() -> Path:
    """Return where the user's own settings are."""
    override = os.environ.get("MULTIRT_CONFIG")
    if override:
        return Path(override)
    return user_folder("config") / "config.toml"


def store(*, refresh: bool = False, offline: bool = False) -> Store:
    """Return the place of environments; what takes long is said on the terminal."""
    from multirt.environments import Store  # not for the commands that install nothing

    env = dict(os.environ)
    return Store(cache_dir(), env, progress=waiting, refresh=refresh, offline=offline)
