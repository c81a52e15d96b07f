"""Understand the text of lock files (PEP 751)."""

from __future__ import annotations

import json
import os
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.environments.model import Pin
from multirt.errors import MultirtError
from multirt.storage.files import parse_toml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from packaging.pylock import Package, PackageWheel, Pylock

_TABLE = "[[packages]]\n"
_PATH = re.compile(r"""(?<![\w-])(path\s*=\s*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*')""")


def parse_lock(text: str, where: str) -> Pylock:
    """Return a lock.

    Args:
        text: the file's.
        where: how errors name it.

    Raises:
        MultirtError: it is not one.
    """
    from packaging.pylock import Pylock, PylockValidationError  # 40 ms

    try:
        return Pylock.from_dict(parse_toml(text))
    except (PylockValidationError, ValueError) as error:
        raise MultirtError("lock", f"{where} is no lock file: {error}") from error


def anchored(text: str, folder: Path) -> str:
    """Return the text of a lock whose relative paths begin at a folder with absolute ones."""

    def absolute(match: re.Match[str]) -> str:
        try:
            value = str(tomllib.loads(f"path = {match[2]}")["path"])
        except tomllib.TOMLDecodeError:  # whoever reads the whole of it says so
            return match[0]
        if Path(value).is_absolute():
            return match[0]
        # A string of JSON is one of TOML, but for a character that TOML wants escaped.
        written = json.dumps(os.path.normpath(folder / value), ensure_ascii=False)
        return match[1] + written.replace("\x7f", "\\u007f")

    return _PATH.sub(absolute, text)


def without(text: str, names: Collection[str]) -> str:
    """Return a lock as uv writes it without some of its packages."""
    if not names:
        return text
    head, *tables = text.split(_TABLE)
    lines = {f'name = "{name}"' for name in names}
    kept = [table for table in tables if table.partition("\n")[0] not in lines]
    return _TABLE.join([head, *kept]) if kept else f"{head}packages = []\n"


def pins_of(lock: Pylock) -> tuple[Pin, ...]:
    """Return what a lock pins, sorted by name."""
    pins = (pin_of(package) for package in lock.packages)
    return tuple(sorted(pins, key=lambda pin: (pin.name, pin.version or "")))


def pin_of(package: Package, wheel: PackageWheel | None = None) -> Pin:
    """Return the pin of a package: of one of its wheels, or of all that it comes as."""
    files = tuple(_files(package))
    if wheel is not None:
        files = ((wheel.filename, wheel.hashes.get("sha256", "")),)
    return Pin(
        name=package.name,
        version=str(package.version) if package.version is not None else None,
        files=tuple(name for name, _ in files),
        sha256=tuple(sha256 for _, sha256 in files if sha256),
        uploaded=min((each.date() for each in _uploads(package)), default=None),
    )


def pin_note(pin: Pin) -> list[object]:
    """Return a pin as a note keeps it."""
    uploaded = pin.uploaded.isoformat() if pin.uploaded is not None else None
    return [pin.name, pin.version, list(pin.files), list(pin.sha256), uploaded]


def read_pin(facts: object) -> Pin | None:
    """Return the pin that a note keeps; None for what is none."""
    match facts:
        case [str(name), str() | None as version, list(files), list(sha256), str() | None as day]:
            try:
                uploaded = date.fromisoformat(day) if day is not None else None
            except ValueError:
                return None
            return Pin(
                name=name,
                version=version,
                files=tuple(map(str, files)),
                sha256=tuple(map(str, sha256)),
                uploaded=uploaded,
            )
        case _:
            return None


def _uploads(package: Package) -> Iterator[datetime]:
    """Yield when files of a package came to their index."""
    for file in (*(package.wheels or ()), package.sdist):
        if file is not None and file.upload_time is not None:
            yield file.upload_time


def _files(package: Package) -> Iterator[tuple[str, str]]:
    """Yield what a package can be installed from, its wheels before its sources."""
    for wheel in package.wheels or ():
        yield wheel.filename, wheel.hashes.get("sha256", "")
    if package.sdist is not None:
        yield package.sdist.filename, package.sdist.hashes.get("sha256", "")
    if package.archive is not None:
        place = package.archive.path or package.archive.url or ""
        yield place.rpartition("/")[2], package.archive.hashes.get("sha256", "")
    if package.directory is not None:
        yield package.directory.path, ""
    if package.vcs is not None:
        yield f"{package.vcs.url or package.vcs.path}@{package.vcs.commit_id}", ""
