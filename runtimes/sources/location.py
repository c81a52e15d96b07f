"""One folder where runtimes may be."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions

BIN = "" if os.name == "nt" else "bin"
"""Where a prefix keeps its interpreter, relative to it."""


class SearchLocation(Struct, frozen=True, kw_only=True):
    """One folder to look into.

    Attributes:
        folder: absolute; it need not exist.
        source: what to call the place where a runtime was found.
        explicit: the user named it, so who else may write there is the user's own affair.
        name: the one file to look at; None for every file with a runtime's name.
        tree: its folders are prefixes and looked into as such, so their names mean nothing.
    """

    folder: str
    source: str
    explicit: bool = False
    name: str | None = None
    tree: bool = False


def expand(root: str, pattern: str, search: SearchOptions) -> Iterator[str]:
    """Yield the folders that a pattern with `*` in whole parts or at an end of them stands for.

    Sorted, so that two runs agree; what cannot be read is left out. `glob` also looks for links
    and hidden files and costs five times as much for the roots that do not exist.
    """
    head, _, rest = pattern.partition("/")
    if "*" not in head:
        path = os.path.join(root, head) if head else root  # noqa: PTH118 - hot, and text
        found = [path]
    else:
        found = [
            os.path.join(root, name)  # noqa: PTH118 - hot, and text
            for name in _names(search.noticed(root))
            if fnmatchcase(name, head)
        ]
    for path in found:
        if rest:
            yield from expand(path, rest, search)
        elif os.path.isdir(search.noticed(path)):  # noqa: PTH112 - likewise
            yield path


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError:
        return []
