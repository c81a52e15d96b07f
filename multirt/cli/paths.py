"""Where this user's files of multirt are."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from runtimes.storage.trust import UntrustedError, check_place, make_folder

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
            check_place(folder)
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
