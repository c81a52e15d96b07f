"""Read what wheels and projects of this machine are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from abi_probe.archive import ZIP_ERRORS, open_archive
from abi_probe.errors import UnreadableError
from multirt.environments.identity import digest, signature
from multirt.environments.model import LocalWheel
from multirt.errors import ConfigError, ErrorKind, InputError, MultirtError
from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECLARES = ("pyproject.toml", "setup.cfg", "setup.py")
_METADATA_LIMIT = 1 << 24  # bytes; no distribution describes itself at greater length


def read_wheel(path: Path) -> LocalWheel:
    """Read what a wheel is.

    Raises:
        MultirtError: it is no wheel, or is not there.
    """
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        metadata = _metadata(path)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", kind=ErrorKind.WHEEL) from error
    except (InvalidWheelFilename, UnreadableError, KeyError, *ZIP_ERRORS) as error:
        raise InputError(f"not a wheel: {path}: {error}", kind=ErrorKind.WHEEL) from error
    return LocalWheel(
        path=path.absolute(),
        name=name,
        version=str(version),
        sha256=sha256,
        metadata=hashlib.sha256(metadata).hexdigest(),
    )


def named_paths(requirements: Iterable[str]) -> Iterator[Path]:
    """Yield the files and folders of this machine that requirements name (`a @ file:///b.whl`)."""
    for text in requirements:
        if "file:" not in text:
            continue
        from urllib.parse import unquote, urlsplit  # 10 ms, where one is named

        try:
            address = urlsplit(Requirement(text).url or "")
        except ValueError:  # InvalidRequirement is one; the resolver reports it
            continue
        if address.scheme == "file":
            yield Path(unquote(address.path))


def content_digest(path: Path) -> str:
    """Return what changes when a file, or what a project says of itself, does."""
    try:
        return project_digest(path) if path.is_dir() else signature(path)
    except (OSError, MultirtError):
        return ""  # nothing that can be installed is there


def project_digest(folder: Path) -> str:
    """Return what changes when a project may require something else.

    Raises:
        MultirtError: the folder holds no project.
    """
    contents = [
        read_text(folder / name, errors="replace")
        for name in _DECLARES
        if (folder / name).is_file()
    ]
    if not contents:
        message = f"no project to install in {folder}: it has no {' or '.join(_DECLARES)}"
        raise ConfigError(message, kind=ErrorKind.PROJECT)
    return digest([str(folder.absolute())], contents)


def _metadata(path: Path) -> bytes:
    """Return the `METADATA` of a wheel."""
    with open_archive(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        if not names:
            raise KeyError("it has no METADATA")
        with archive.open(names[0]) as stream:
            return stream.read(_METADATA_LIMIT)
