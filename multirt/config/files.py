"""Find and read the files that say something about a program from outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.errors import ConfigError
from multirt.storage import files
from multirt.storage.files import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# In one folder the first counts: pyenv's and uv's, uv's list, mise's, asdf's.
PINS = (".python-version", ".python-versions", "mise.toml", ".mise.toml", ".tool-versions")


def pinned(name: str, text: str) -> str:
    """Return what a file pins, as `.python-version` would; empty where it pins no Python.

    Args:
        name: of the file.
        text: its content.

    Raises:
        ValueError: it is not TOML where it should be.
    """
    if name.endswith(".toml"):
        tools = parse_toml(text).get("tools")
        return "\n".join(_mise_versions(tools.get("python") if isinstance(tools, dict) else None))
    if name == ".tool-versions":
        lines = (line.partition("#")[0].split() for line in text.splitlines())
        return "\n".join(" ".join(parts[1:]) for parts in lines if parts[:1] == ["python"])
    return text


def _mise_versions(value: object) -> Iterator[str]:
    """Yield the versions in mise's configuration: text, a table with `version`, or several."""
    match value:
        case str():
            yield value
        case {"version": str(version)}:
            yield version
        case list():
            for each in value:
                yield from _mise_versions(each)
        case _:
            return


def uv_global_pin(env: Mapping[str, str]) -> Path:
    """Return where `uv python pin --global` writes, which need not be there."""
    config = env.get("XDG_CONFIG_HOME") or os.path.join(env.get("HOME", "/"), ".config")  # noqa: PTH118
    return Path(config, "uv", ".python-version")


class ReadFiles(Struct, frozen=True, kw_only=True):
    """The files that settings depend on.

    Attributes:
        read: files that were read.
        absent: paths at which a file would have counted.
    """

    read: list[Path] = field(default_factory=list)
    absent: list[Path] = field(default_factory=list)

    def nearest(self, name: str, start: Path) -> Path | None:
        """Return the file of that name in a folder or the nearest one above it."""
        for folder in (start, *start.parents):
            path = folder / name
            if path.is_file():
                self.read.append(path)
                return path
            self.absent.append(path)
        return None

    def there(self, path: Path) -> bool:
        """Return whether a file exists, and record it."""
        found = path.is_file()
        (self.read if found else self.absent).append(path)
        return found


def read_toml(path: Path) -> Mapping[str, object]:
    """Return what a TOML file holds.

    Raises:
        MultirtError: it cannot be read, or is not TOML.
    """
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"invalid TOML in {path}: {error}") from error


def read_text(path: Path) -> str:
    """Return the text of a small file.

    Raises:
        MultirtError: it cannot be read, is too large, or is not text.
    """
    try:
        return files.read_text(path)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8") from error


def table_in(table: Mapping[str, object], *keys: str, path: Path) -> Mapping[str, object] | None:
    """Return a table inside a table, None when it is not there.

    Raises:
        MultirtError: the value is not a table.
    """
    found: object = table
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return None
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: {'.'.join(keys)} is not a table")
    return found
