"""Find and read the files that say something about a program from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.errors import MultirtError
from multirt.storage import files
from multirt.storage.files import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Looked(Struct, frozen=True, kw_only=True):
    """What was looked at, for whoever wants to know whether it still is so.

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
        """Tell whether one file is there."""
        found = path.is_file()
        (self.read if found else self.absent).append(path)
        return found


def read_toml(path: Path) -> Mapping[str, object]:
    """Return what a TOML file holds.

    Raises:
        MultirtError: it cannot be read, or is no TOML.
    """
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise MultirtError("config", f"invalid TOML in {path}: {error}") from error


def read_text(path: Path) -> str:
    """Return the text of a small file.

    Raises:
        MultirtError: it cannot be read, is too large, or is no text.
    """
    try:
        return files.read_text(path)
    except OSError as error:
        raise MultirtError("config", f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MultirtError("config", f"{path} is no UTF-8") from error


def table_in(table: Mapping[str, object], *keys: str, path: Path) -> Mapping[str, object] | None:
    """Return a table inside a table, None when it is not there.

    Raises:
        MultirtError: something that is no table stands in its place.
    """
    found: object = table
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return None
    if not isinstance(found, dict):
        raise MultirtError("config", f"{path}: {'.'.join(keys)} is no table")
    return found
