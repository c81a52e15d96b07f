"""Which version a manager's shims on PATH would start, without starting them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runtimes.files import read_text
from runtimes.sources.location import BIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions


def selected_folders(search: SearchOptions) -> Iterator[str]:
    """Yield the folders of the interpreters that shims on PATH lead to at the moment.

    pyenv goes by PYENV_VERSION, the nearest `.python-version` and its global `version`; asdf and
    mise by a variable and the nearest `.tool-versions`. It is used for ranking alone.
    """
    for entry in search.env.get("PATH", "").split(os.pathsep):
        folder, name = os.path.split(entry.rstrip("/\\"))
        if name != "shims" or not os.path.isabs(folder):  # noqa: PTH117 - text
            continue
        for versions, names in (
            ("versions", _pyenv_names(search, Path(folder))),
            ("installs/python", _tool_names(search)),
        ):
            for version in names:
                # A name is one folder; what else a file may hold must not lead elsewhere.
                if version == os.path.basename(version) and version not in ("", ".", ".."):  # noqa: PTH119
                    path = os.path.join(folder, versions, version, BIN)  # noqa: PTH118 - text
                    if os.path.isdir(search.noticed(path)):  # noqa: PTH112 - text
                        yield path


def _pyenv_names(search: SearchOptions, root: Path) -> list[str]:
    if named := search.env.get("PYENV_VERSION"):
        return named.split(":")
    files = [folder / ".python-version" for folder in _upwards(search)]
    every = (*files, root / "version")
    return next((words for file in every if (words := _words(file, search))), [])


def _tool_names(search: SearchOptions) -> list[str]:
    for variable in ("ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION"):
        if named := search.env.get(variable):
            return named.split()
    for folder in (*_upwards(search), search.home):
        for line in _lines(folder / ".tool-versions", search):
            if line.split()[:1] == ["python"]:
                return line.split()[1:]
    return []


def _upwards(search: SearchOptions) -> tuple[Path, ...]:
    return (search.cwd, *search.cwd.parents) if search.cwd is not None else ()


def _words(file: Path, search: SearchOptions) -> list[str]:
    return [word for line in _lines(file, search) for word in line.split()]


def _lines(file: Path, search: SearchOptions) -> list[str]:
    """Return a file's lines without comments; empty when it cannot be read."""
    try:
        text = read_text(search.noticed(str(file)), "replace")
    except OSError:
        return []
    return [line.partition("#")[0] for line in text.splitlines()]
