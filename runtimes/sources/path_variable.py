"""The folders of PATH, and what the shims among them stand for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runtimes.sources.location import BIN, SearchLocation, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions

# Below the root that a `shims` folder on PATH betrays; needed when its variable is not set.
_BEHIND_SHIMS = (
    ("pyenv", f"versions/*/{BIN}"),
    ("asdf", f"installs/python/*/{BIN}"),
    ("asdf", f"installs/pypy/*/{BIN}"),
)


def places(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield PATH's folders in order; relative and empty entries are not searched."""
    for entry in dict.fromkeys(search.env.get("PATH", "").split(os.pathsep)):
        if os.path.isabs(entry):  # noqa: PTH117 - text
            yield SearchLocation(folder=entry, source="PATH")


def places_behind_shims(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the versions of a manager whose shims are on PATH, wherever its root is."""
    for entry in search.env.get("PATH", "").split(os.pathsep):
        root, name = os.path.split(entry.rstrip("/\\"))
        if name == "shims" and os.path.isabs(root):  # noqa: PTH117 - text
            for source, pattern in _BEHIND_SHIMS:
                label = "mise" if "mise" in os.path.basename(root) else source  # noqa: PTH119
                for folder in expand(root, pattern, search):
                    yield SearchLocation(folder=folder, source=label)
