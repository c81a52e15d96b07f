"""Where this user's files of multirt are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# What platformdirs says on Linux; asking it takes a tenth of a first start.
_XDG = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
}


def user_folder(kind: str) -> Path:
    """Return the folder for files of a kind: `cache`, `config` or `data`."""
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
    }
    return paths[kind]("multirt")


def project_folder(cache_dir: Path, root: Path) -> Path:
    """Return the folder of a project in the cache."""
    import hashlib  # 4 ms, for the matrix only

    digest = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:12]
    return cache_dir / "matrix" / f"{root.name}-{digest}"
