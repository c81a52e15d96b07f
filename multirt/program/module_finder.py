"""Where a program's own modules lie: a folder or a zip archive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from abi_probe.errors import AbiProbeError
from multirt.storage.files import LARGEST, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FoundModule(Struct, frozen=True, kw_only=True):
    """One file that an import leads to.

    Attributes:
        file: its path.
        content: its bytes.
        name: the module's dotted name.
        package: the dotted name that its relative imports start from.
    """

    file: Path
    content: bytes
    name: str
    package: str


class ModuleLocation(Protocol):
    """What modules are found in."""

    @property
    def path(self) -> Path:
        """The folder or the archive."""

    def read(self, inner: str) -> bytes | None:
        """Return the bytes of a file, None when there is none that can be read."""

    def has(self, top: str) -> bool:
        """Whether a folder, or an extension module, of that name lies there."""


class ModuleFolder(Struct, frozen=True):
    """Modules in a folder.

    Attributes:
        path: the folder.
        absent: paths at which nothing was.
        extensions: names that extension modules here have, once they were asked for.
    """

    path: Path
    absent: list[Path] = field(default_factory=list)
    extensions: list[frozenset[str]] = field(default_factory=list)

    def read(self, inner: str) -> bytes | None:
        """Return the bytes of a plain file."""
        try:
            return read_bytes(self.path / inner)
        except OSError:
            return None

    def has(self, top: str) -> bool:
        """Whether a folder or an extension module lies there."""
        path = self.path / top
        if not self.extensions:
            try:
                names = os.listdir(self.path)  # noqa: PTH208 - names only
            except OSError:
                names = []
            tops = (name.partition(".")[0] for name in names if name.endswith(".so"))
            self.extensions.append(frozenset(tops))
        if top in self.extensions[0] or path.is_dir():
            return True
        self.absent.extend((path, path.with_name(f"{top}.py")))
        return False


class ModuleArchive(Struct, frozen=True):
    """Modules in a zip archive, as `zipapp` makes them."""

    path: Path

    def read(self, inner: str) -> bytes | None:
        """Return the bytes of a member."""
        from abi_probe.archive import ZIP_ERRORS, open_archive  # 8 ms, where there is one

        try:
            with open_archive(self.path) as archive, archive.open(inner) as stream:
                content = stream.read(LARGEST + 1)
                return content if len(content) <= LARGEST else None
        except (KeyError, AbiProbeError, *ZIP_ERRORS):
            return None  # absent, encrypted, damaged: the interpreter will say it

    def has(self, top: str) -> bool:
        """Whether something lies in a folder of that name."""
        from abi_probe.archive import ZIP_ERRORS, open_archive

        try:
            with open_archive(self.path) as archive:
                return any(name.startswith(f"{top}/") for name in archive.namelist())
        except (AbiProbeError, *ZIP_ERRORS):
            return False


def is_module_name(name: str) -> bool:
    """Whether a dotted name can be a module's; `-m` takes `my-mod`, too."""
    return all(part and part.isprintable() and "/" not in part for part in name.split("."))


def find(location: ModuleLocation, name: str) -> Iterator[FoundModule]:
    """Yield the files that importing a dotted name runs there: its packages', then its own."""
    if not is_module_name(name):
        return
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        found = _module(location, parts[:depth])
        if found is not None:
            yield found


def _module(location: ModuleLocation, parts: list[str]) -> FoundModule | None:
    """Return the file of one module, a package's `__init__` first, as the import system does."""
    base, dotted = "/".join(parts), ".".join(parts)
    parent = ".".join(parts[:-1])
    for inner, package in ((f"{base}/__init__", dotted), (base, parent)):
        for ending in (".py", ".pyc"):
            content = location.read(inner + ending)
            if content is not None:
                file = location.path / (inner + ending)
                return FoundModule(file=file, content=content, name=dotted, package=package)
    return None
