"""Read what wheels and projects of this machine are."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from multirt.environments.identity import digest
from multirt.environments.model import LocalWheel
from multirt.errors import MultirtError

if TYPE_CHECKING:
    from pathlib import Path

_DECLARES = ("pyproject.toml", "setup.cfg", "setup.py")
_METADATA_LIMIT = 1 << 24  # bytes; no distribution describes itself at greater length


def read_wheel(path: Path) -> LocalWheel:
    """Read what a wheel is.

    Raises:
        MultirtError: it is no wheel, or is not there.
    """
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        metadata = _metadata(path)
    except (InvalidWheelFilename, zipfile.BadZipFile, KeyError, RuntimeError) as error:
        raise MultirtError("wheel", f"not a wheel: {path}: {error}") from error
    except OSError as error:
        raise MultirtError("wheel", f"cannot read {path}: {error.strerror}") from error
    return LocalWheel(
        path=path.absolute(),
        name=name,
        version=str(version),
        sha256=sha256,
        metadata=hashlib.sha256(metadata).hexdigest(),
    )


def project_digest(folder: Path) -> str:
    """Return what changes when a project may require something else.

    Raises:
        MultirtError: the folder holds no project.
    """
    contents = [
        (folder / name).read_text(encoding="utf-8", errors="replace")
        for name in _DECLARES
        if (folder / name).is_file()
    ]
    if not contents:
        message = f"no project to install in {folder}: it has no {' or '.join(_DECLARES)}"
        raise MultirtError("project", message)
    return digest([str(folder.absolute())], contents)


def _metadata(path: Path) -> bytes:
    """Return the `METADATA` of a wheel."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        if not names:
            raise KeyError("it has no METADATA")
        with archive.open(names[0]) as stream:
            return stream.read(_METADATA_LIMIT)
