"""Read wheels, and keep those that were built for a few states of the sources."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import UnreadableError, read_wheel
from abi_probe.archive import open_archive
from multirt.errors import ErrorKind, InputError, MultirtError
from multirt.matrix.model import Wheel
from multirt.storage.documents import file_digest, read_json, write_json
from runtimes.storage.trust import check_tree, make_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCHEMA = 1
_INDEX = "wheels.json"
_KEPT = 3  # states of the sources, so that going back and forth builds nothing


class WheelCache(Struct):
    """The wheels of one state of the sources, with an index file."""

    root: Path
    key: str

    @property
    def _folder(self) -> Path:
        return self.root / self.key[:40]

    def load(self) -> dict[str, Wheel]:
        """Return the wheels that are there, by the runtime that built them."""
        try:
            check_tree(self._folder)
            document = read_json(self._folder / _INDEX)
            rows = document["wheels"] if document["schema_version"] == _SCHEMA else []
            wheels = {
                str(row["built_on"]): read(
                    self._folder / str(row["sha256"]) / Path(row["file"]).name, row["built_on"]
                )
                for row in rows
            }
        except (OSError, ValueError, KeyError, TypeError, MultirtError):
            return {}  # damaged or none: it is built again
        good = all(wheel.sha256 == wheel.path.parent.name for wheel in wheels.values())
        return wheels if good else {}

    def put(self, made: Path, built_on: str) -> Wheel:
        """Keep a wheel that was built."""
        sha256 = file_digest(made)
        folder = self._folder / sha256
        make_folder(folder)
        shutil.move(made, folder / made.name)
        return read(folder / made.name, built_on)

    def write(self, wheels: Mapping[str, Wheel]) -> None:
        """Write the index, and remove the wheels of older states of the sources."""
        rows = [
            {"built_on": each.built_on, "file": each.path.name, "sha256": each.sha256}
            for each in wheels.values()
        ]
        write_json(self._folder / _INDEX, {"schema_version": _SCHEMA, "wheels": rows})
        folders = [each for each in self.root.iterdir() if each.is_dir()]
        folders.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for old in folders[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def load_wheels(paths: Sequence[Path]) -> tuple[Wheel, ...]:
    """Return wheels that were built elsewhere.

    Raises:
        MultirtError: one is no wheel.
    """
    return tuple(read(path.absolute(), None) for path in paths)


def read(path: Path, built_on: str | None) -> Wheel:
    """Read a wheel.

    Raises:
        MultirtError: it is none.
    """
    try:
        artifact = read_wheel(path)
        sha256 = file_digest(path)
    except UnreadableError as error:
        raise InputError(
            f"{path}: {error}", "name a wheel, dist/*.whl", kind=ErrorKind.WHEEL
        ) from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", kind=ErrorKind.WHEEL) from error
    return Wheel(
        path=path,
        sha256=sha256,
        artifact=artifact,
        modules=_modules(path),
        built_on=built_on,
    )


def _modules(path: Path) -> tuple[str, ...]:
    """Return the top-level names that a wheel installs."""
    with open_archive(path) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    return tuple(
        sorted(
            {
                top.partition(".")[0]
                for top in tops
                if not top.endswith((".dist-info", ".data", ".pth", ".libs"))
            }
        )
    )
