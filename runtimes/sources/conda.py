"""The environments of conda, mamba and pixi: prefixes with a runtime of their own each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.sources.folders import BIN, SearchLocation, expand
from runtimes.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions

# Every installer has a folder name of its own.
_FOLDERS = (
    "anaconda",
    "anaconda3",
    "conda",
    "mambaforge",
    "micromamba",
    "miniconda",
    "miniconda3",
    "miniforge",
    "miniforge3",
)
_VARIABLES = ("CONDA_PREFIX", "CONDA_ROOT", "MAMBA_ROOT_PREFIX")


def locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the folders of every conda root, of its environments, and of those it has noted."""
    for prefix in dict.fromkeys(_prefixes(search)):
        for pattern in (BIN, f"envs/*/{BIN}"):
            for folder in expand(prefix, pattern, search):
                yield SearchLocation(folder=folder, source="conda")
    for project in _project_folders(search):
        for folder in expand(project, f".pixi/envs/*/{BIN}", search):
            yield SearchLocation(folder=folder, source="pixi")


def _prefixes(search: SearchOptions) -> Iterator[str]:
    home = os.fspath(search.home)
    for variable in _VARIABLES:
        if os.path.isabs(prefix := search.env.get(variable, "")):  # noqa: PTH117 - text
            yield prefix
            # A base's environments are its children, so an environment's base is above it.
            yield from _base_of(prefix)
    for name in _FOLDERS:
        yield f"{home}/{name}"
        yield f"/opt/{name}"
    yield f"{home}/.conda"
    yield from _noted(Path(search.noticed(f"{home}/.conda/environments.txt")))


def _base_of(prefix: str) -> Iterator[str]:
    parent = Path(prefix).parent
    if parent.name == "envs":
        yield os.fspath(parent.parent)


def _noted(file: Path) -> Iterator[str]:
    """Yield the prefixes that conda has written down, one a line."""
    try:
        text = read_text(file)
    except OSError:
        return
    yield from (line.strip() for line in text.splitlines() if os.path.isabs(line.strip()))  # noqa: PTH117


def _project_folders(search: SearchOptions) -> Iterator[str]:
    if search.cwd is not None:
        yield from map(os.fspath, (search.cwd, *search.cwd.parents))
