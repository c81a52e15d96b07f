"""Find modules and path configuration files in folders of packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from multirt.storage.files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def lies_in(roots: Iterable[Path], module: str) -> bool:
    """Return whether a folder of packages has a file or folder for a module."""
    top = module.partition(".")[0]
    return any(
        (root / top).is_dir() or (root / f"{top}.py").is_file() or _has_extension(root, top)
        for root in roots
    )


def _has_extension(root: Path, top: str) -> bool:
    """Return whether a folder has an extension file of a module, tagged (`top.abi3.so`) or bare.

    Python 2 also imports `top` from `topmodule.so`.
    """
    names = {top, f"{top}module"}
    found = (path for path in root.glob(f"{top}*") if path.suffix in _EXTENSIONS)
    return any(path.name.partition(".")[0] in names for path in found)


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
