"""Tell whether folders hold a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_EXTENSIONS = (".so", ".pyd")


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
