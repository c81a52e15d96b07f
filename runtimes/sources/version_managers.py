"""Runtimes of version managers, and which of them a shim stands for; no shim is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from runtimes.sources.folders import BIN, SearchLocation, expand
from runtimes.storage.files import read_text

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
    return next((names for file in every if (names := _names(file, search))), [])


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


def _names(file: Path, search: SearchOptions) -> list[str]:
    return [name for line in _lines(file, search) for name in line.split()]


def _lines(file: Path, search: SearchOptions) -> list[str]:
    """Return a file's lines without comments; empty when it cannot be read."""
    try:
        text = read_text(search.noticed(str(file)), "replace")
    except OSError:
        return []
    return [line.partition("#")[0] for line in text.splitlines()]


class Manager(Struct, frozen=True, kw_only=True):
    """Where one manager keeps runtimes.

    Attributes:
        name: the source that `list` shows.
        variable: the environment variable that names its root; None where it has none.
        roots: its usual roots; `~` is the home folder, `{data}` the folder for users' data.
        patterns: folders of interpreters below the root.
    """

    name: str
    variable: str | None = None
    roots: tuple[str, ...] = ()
    patterns: tuple[str, ...] = (BIN,)


_FRAMEWORK = "Versions/*/bin"

MANAGERS: tuple[Manager, ...] = (
    Manager(
        name="pyenv",
        variable="PYENV_ROOT",
        roots=("~/.pyenv", "~/.pyenv/pyenv-win"),
        patterns=(f"versions/*/{BIN}",),
    ),
    Manager(
        name="asdf",
        variable="ASDF_DATA_DIR",
        roots=("~/.asdf",),
        patterns=(f"installs/python/*/{BIN}", f"installs/pypy/*/{BIN}"),
    ),
    Manager(
        name="mise",
        variable="MISE_DATA_DIR",
        roots=("{data}/mise", "{data}/rtx"),
        patterns=(f"installs/python/*/{BIN}", f"installs/pypy/*/{BIN}"),
    ),
    Manager(
        name="uv",
        variable="UV_PYTHON_INSTALL_DIR",
        roots=("{data}/uv/python",),
        patterns=(f"*/{BIN}", f"*/install/{BIN}"),
    ),
    Manager(
        name="rye",
        variable="RYE_HOME",
        roots=("~/.rye",),
        patterns=(f"py/*/{BIN}", f"py/*/install/{BIN}"),
    ),
    Manager(
        name="hatch",
        variable="HATCH_DATA_DIR",
        roots=("{data}/hatch",),
        patterns=(f"pythons/*/python/{BIN}", f"pythons/*/*/{BIN}"),
    ),
    Manager(name="pdm", roots=("{data}/pdm/python",), patterns=(f"*/{BIN}", f"*/install/{BIN}")),
    Manager(
        name="poetry",
        variable="POETRY_PYTHON_INSTALLATION_DIR",
        roots=("{data}/pypoetry/python",),
        patterns=(f"*/{BIN}", f"*/install/{BIN}"),
    ),
    Manager(
        name="pixi",
        variable="PIXI_HOME",
        roots=("~/.pixi",),
        patterns=(f"envs/*/{BIN}",),
    ),
    Manager(
        name="homebrew",
        variable="HOMEBREW_PREFIX",
        roots=("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew", "~/.linuxbrew"),
        patterns=(
            "Cellar/python*/*/bin",
            "Cellar/pypy*/*/bin",
            "Cellar/graalpy*/*/bin",
            "Cellar/micropython/*/bin",
            "Cellar/jython/*/bin",
            f"Cellar/python*/*/Frameworks/Python*.framework/{_FRAMEWORK}",
            "opt/python*/bin",
            "opt/pypy*/bin",
        ),
    ),
    Manager(
        name="framework",
        roots=("/Library/Frameworks", "~/Library/Frameworks"),
        patterns=(f"Python*.framework/{_FRAMEWORK}",),
    ),
    Manager(
        name="xcode",
        variable="DEVELOPER_DIR",
        roots=(
            "/Applications/Xcode.app/Contents/Developer",
            "/Library/Developer/CommandLineTools",
        ),
        patterns=(f"Library/Frameworks/Python3.framework/{_FRAMEWORK}",),
    ),
    Manager(
        name="nix",
        roots=(
            "~/.nix-profile",
            "~/.local/state/nix/profile",
            "~/.local/state/nix/profiles/profile",
            "/nix/var/nix/profiles/default",
            "/run/current-system/sw",
        ),
    ),
    Manager(
        name="guix",
        variable="GUIX_PROFILE",
        roots=(
            "~/.guix-profile",
            "~/.guix-home/profile",
            "~/.config/guix/current",
            "/run/current-system/profile",
        ),
    ),
    Manager(
        name="sdkman",
        variable="SDKMAN_DIR",
        roots=("~/.sdkman",),
        patterns=(
            "candidates/graalpy/*/bin",
            "candidates/java/*/bin",
            "candidates/java/*/languages/python/bin",
        ),
    ),
)


def locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the folders of every manager in the table."""
    for manager in MANAGERS:
        for root in _roots(manager, search):
            for pattern in manager.patterns:
                for folder in expand(root, pattern, search):
                    yield SearchLocation(folder=folder, source=manager.name)


def _roots(manager: Manager, search: SearchOptions) -> Iterator[str]:
    """Yield a manager's roots; the usual ones too when its variable names another."""
    named = search.env.get(manager.variable, "") if manager.variable else ""
    if os.path.isabs(named):  # noqa: PTH117 - text
        yield named
    home = os.fspath(search.home)
    for root in manager.roots:
        if root.startswith("~"):
            yield home + root[1:]
        elif root.startswith("{data}"):
            for data in user_data_folders(search):
                yield data + root.removeprefix("{data}")
        else:
            yield root


def user_data_folders(search: SearchOptions) -> Iterator[str]:
    """Yield where programs keep the data of a user on this system."""
    home = os.fspath(search.home)
    named = search.env.get("XDG_DATA_HOME", "")
    yield named if os.path.isabs(named) else f"{home}/.local/share"  # noqa: PTH117 - text
    yield f"{home}/Library/Application Support"
    for variable in ("APPDATA", "LOCALAPPDATA"):
        if named := search.env.get(variable, ""):
            yield named
