"""Find modules and path configuration files in folders of packages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_EXTENSIONS = (".so", ".pyd")
_CODE = ("import ", "import\t")  # how a line of a `.pth` file begins that `site` executes
_NO_FOLDERS = (*_CODE, "#")


class PathFiles(Struct, frozen=True, kw_only=True):
    """What path configuration files do to `sys.path`.

    Attributes:
        added: folders that `.pth` files add, once they exist.
        hooks: a `.pth` file runs code, which may bring modules from anywhere.
        starts: a `.start` file does so, from Python 3.15 on (PEP 829).
    """

    added: tuple[Path, ...]
    hooks: bool
    starts: bool


def modules_in(roots: Iterable[Path], tops: Collection[str]) -> frozenset[str]:
    """Return those of some top-level modules for which a folder has a file or a folder.

    Each folder is listed once, however many modules are looked for.
    """
    return frozenset(top for root in roots if tops for top in _held(root, tops))


def _held(root: Path, tops: Collection[str]) -> Iterator[str]:
    """Yield the modules that one folder has; Python 2 also imports `top` from `topmodule.so`."""
    try:
        names = os.listdir(root)  # noqa: PTH208 - names only
    except OSError:
        return
    for name in names:
        top, _, rest = name.partition(".")
        if name.endswith(_EXTENSIONS):
            yield from {top, top.removesuffix("module")}.intersection(tops)
        elif top in tops and (
            (rest == "py" and (root / name).is_file()) or (not rest and (root / name).is_dir())
        ):
            yield top


def read_path_files(roots: Iterable[Path]) -> PathFiles:
    """Read the path configuration files of folders of packages."""
    added: list[Path] = []
    hooks = starts = False
    for root in roots:
        starts = starts or any(root.glob("*.start"))
        for file in sorted(root.glob("*.pth")):
            try:
                lines = read_text(file, errors="replace").splitlines()
            except OSError:
                continue  # as `site` does
            hooks = hooks or any(line.startswith(_CODE) for line in lines)
            added += [
                root / line.strip()
                for line in lines
                if line.strip() and "\0" not in line and not line.startswith(_NO_FOLDERS)
            ]
    return PathFiles(added=tuple(added), hooks=hooks, starts=starts)
