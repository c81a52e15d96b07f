"""Build the search, the stores and the folders of this user from the environment."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import UsageError
from multirt.report.progress import waiting
from runtimes.storage.trust import UntrustedError, check_location, make_folder

if TYPE_CHECKING:
    from multirt.environments import EnvironmentStore
    from multirt.experiments.history import History
    from runtimes import SearchOptions


# What platformdirs says on Linux; asking it takes a tenth of a first start.
_XDG = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def user_folder(kind: str) -> Path:
    """Return the folder for files of a kind: `cache`, `config`, `data` or `state`."""
    system: str = sys.platform
    if system == "linux":
        variable, usual = _XDG[kind]
        named = os.environ.get(variable, "").strip()
        return (Path(named) if named else Path.home() / usual) / "multirt"
    import platformdirs  # 18 ms

    paths = {
        "cache": platformdirs.user_cache_path,
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "state": platformdirs.user_state_path,
    }
    return paths[kind]("multirt")


def own_folder(kind: str) -> Path:
    """Return the folder for `cache`, `data` or `state`: a private one where others could write it.

    `MULTIRT_CACHE_DIR`, `MULTIRT_DATA_DIR` and `MULTIRT_STATE_DIR` name another one.
    """
    named = os.environ.get(f"MULTIRT_{kind.upper()}_DIR")
    return _trusted(Path(named) if named else user_folder(kind), kind)


@cache
def _trusted(folder: Path, kind: str) -> Path:
    """Return a folder, or one of this user alone where another user can write it."""
    with suppress(OSError):
        try:
            check_location(folder)
        except UntrustedError:
            import tempfile  # 8 ms

            private = Path(tempfile.gettempdir()) / f"multirt-{os.geteuid()}" / kind
            try:
                make_folder(private)
            except OSError:
                return Path(tempfile.mkdtemp(prefix="multirt-"))
            return private
    return folder


def project_folder(cache_dir: Path, root: Path) -> Path:
    """Return the folder of a project in the cache."""
    import hashlib  # 4 ms, for the matrix only

    digest = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]
    return cache_dir / "matrix" / f"{root.name}-{digest}"


def data_dir() -> Path:
    """Return the folder for what cannot be made again."""
    return own_folder("data")


def history_store() -> History:
    """Return what was measured before."""
    from multirt.experiments.history import History  # sqlite3: 6 ms, which a start does without

    return History(path=data_dir() / "history.sqlite3")


def history_names(program: Path) -> tuple[str, ...]:
    """Return what a program may be cached by: a script by its path, also one that is gone."""
    path = os.path.abspath(program)  # noqa: PTH100 - a link stays what it is called
    return tuple(dict.fromkeys((path, str(program), f"-m {program}")))


def cache_dir() -> Path:
    """Return the folder for everything that can be made again."""
    return own_folder("cache")


def search(*, refresh: bool = False) -> SearchOptions:
    """Return the search that this process's environment asks for.

    Raises:
        MultirtError: MULTIRT_PROBE_TIMEOUT is not a number of seconds.
    """
    text = os.environ.get("MULTIRT_PROBE_TIMEOUT", "5")
    try:
        timeout = float(text)
    except ValueError:
        timeout = math.nan
    if not 0 < timeout < math.inf:
        message = f"MULTIRT_PROBE_TIMEOUT is not a number of seconds: {text!r}"
        raise UsageError(message, "write for example 5 or 0.5")
    from runtimes import SearchOptions  # 50 ms, which who only wants the cache does without

    return SearchOptions(
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


def store(*, refresh: bool = False, offline: bool = False) -> EnvironmentStore:
    """Return the folder of environments; what takes long is said on the terminal."""
    from multirt.environments import EnvironmentStore  # not for the commands that install nothing

    env = dict(os.environ)
    return EnvironmentStore(cache_dir(), env, progress=waiting, refresh=refresh, offline=offline)
