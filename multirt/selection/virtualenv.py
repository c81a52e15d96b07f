"""Find the virtual environment that a program lives in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.storage.files import read_text
from runtimes import base_executable
from runtimes.venvs import read_settings, site_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runtimes import Runtime, RuntimeSpec

_LONGEST = 255  # bytes of a file's name


class VirtualEnvironment(Struct, frozen=True, kw_only=True):
    """The virtual environment that a program lives in.

    Attributes:
        home: its folder.
        python: how it is started.
        base: the interpreter that it was made with; None when that is gone.
        roots: its folders of packages.
        sees_base: the base interpreter's own packages count too.
    """

    home: Path
    python: Path
    base: Path | None
    roots: tuple[Path, ...]
    sees_base: bool

    def is_of(self, runtime: Runtime) -> bool:
        """Whether it was made with a runtime."""
        if self.base is None:
            return False
        names = {self.base, Path(os.path.realpath(self.base))}
        return bool(names & {runtime.executable, *runtime.aliases})


def find_environment(start: Path, env: Mapping[str, str]) -> VirtualEnvironment | None:
    """Return the environment of a folder: its own, the active one, the nearest `.venv`.

    A console script belongs to the environment in whose folder of programs it lies.
    """
    active = env.get("VIRTUAL_ENV")
    folders = [*folders_upwards(start), *([Path(active)] if active else [])]
    folders += environment_locations(start)
    return next((_environment(home) for home in folders if is_environment(home)), None)


def folders_upwards(start: Path) -> Iterable[Path]:
    """Return the environment that a folder would be the programs of."""
    return [start.parent] if start.name in ("bin", "Scripts") else []


def environment_locations(start: Path) -> Iterator[Path]:
    """Yield where an environment would count, the nearest first.

    A file `.venv` leads to the environment that it names, as virtualenv writes it. A file
    `.python-envs` lists environments, of which the last one counts most (draft of PEP 832).
    """
    for parent in (start, *start.parents):
        path = parent / ".venv"
        listed = _lines(path)
        named = _folder(path, listed[0]) if len(listed) == 1 else None
        yield path if named is None else named
        file = parent / ".python-envs"
        folders = (_folder(file, line) for line in reversed(_lines(file)))
        yield from (folder for folder in folders if folder is not None)


def _lines(file: Path) -> list[str]:
    """Return the lines of a small file; none where there is no such file."""
    try:
        return read_text(file).strip().splitlines() if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        return []


def _folder(file: Path, text: str) -> Path | None:
    """Return the folder that a line of a file names, from its own folder on; None for no path."""
    longest = max(len(os.fsencode(part)) for part in text.split("/"))
    if not text.isprintable() or not 0 < longest <= _LONGEST:
        return None
    return Path(os.path.abspath(file.parent / text.strip()))  # noqa: PTH100 - keeps links


def is_environment(home: Path) -> bool:
    """Whether a folder is a virtual environment (PEP 405)."""
    return (home / "pyvenv.cfg").is_file()


def named_environment(specs: Sequence[RuntimeSpec]) -> VirtualEnvironment | None:
    """Return the virtual environment whose python the first spec names by its path."""
    path = specs[0].path if specs else None
    if path is None:
        return None
    named = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - keeps the link
    homes = (named, named.parent.parent)
    return next((_environment(home) for home in homes if is_environment(home)), None)


def specs_by_environment(
    specs: Sequence[RuntimeSpec],
) -> tuple[tuple[Path | None, tuple[RuntimeSpec, ...]], ...]:
    """Return the folders of the virtual environments that specs name, each with its specs.

    Specs that name none go with the first one when that names an environment, and so share its
    packages; else they are a group of their own, with None.
    """
    groups: dict[Path | None, list[RuntimeSpec]] = {}
    first: Path | None = None
    for position, spec in enumerate(specs):
        environment = named_environment([spec])
        home = environment.home if environment is not None else first
        first = home if position == 0 else first
        groups.setdefault(home, []).append(spec)
    return tuple((home, tuple(group)) for home, group in groups.items())


def names_by_environment(homes: Iterable[Path | None]) -> dict[Path | None, str]:
    """Return a short name for each folder, `@one` or `@a/.venv`; none where one is enough.

    It is appended to the id of a runtime, to tell two environments of that runtime apart.
    """
    parts = {home: home.parts[1:] for home in homes if home is not None}
    length = 1
    while len({each[-length:] for each in parts.values()}) < len(parts):
        length += 1
    several = len(parts) > 1
    names: dict[Path | None, str] = {None: ""}
    names |= {home: f"@{'/'.join(each[-length:])}" * several for home, each in parts.items()}
    return names


def _environment(home: Path) -> VirtualEnvironment:
    """Read a virtual environment's folder."""
    settings = read_settings(home / "pyvenv.cfg")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return VirtualEnvironment(
        home=home,
        python=python,
        base=base_executable(home),
        roots=site_folders(home),
        sees_base=settings.get("include-system-site-packages", "").lower() == "true",
    )
