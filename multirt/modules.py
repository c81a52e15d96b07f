"""Tell whether folders hold a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def lies_in(roots: Iterable[Path], module: str) -> bool:
    """Whether a folder of packages has a file or folder for a module."""
    top = module.partition(".")[0]
    return any(
        (root / top).is_dir() or (root / f"{top}.py").is_file() or any(root.glob(f"{top}.*.so"))
        for root in roots
    )
