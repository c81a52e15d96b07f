"""Folders where runtimes may be: of PATH, of prefixes that the user names, of the system."""

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
        source: what to call the location where a runtime was found.
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
        elif os.path.isdir(search.noticed(path)):  # noqa: PTH112 - as above
            yield path


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError:
        return []


# Below the root that a `shims` folder on PATH betrays; needed when its variable is not set.
_BEHIND_SHIMS = (
    ("pyenv", f"versions/*/{BIN}"),
    ("asdf", f"installs/python/*/{BIN}"),
    ("asdf", f"installs/pypy/*/{BIN}"),
)


def locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield PATH's folders in order; relative and empty entries are not searched."""
    for entry in dict.fromkeys(search.env.get("PATH", "").split(os.pathsep)):
        if os.path.isabs(entry):  # noqa: PTH117 - text
            yield SearchLocation(folder=entry, source="PATH")


def locations_behind_shims(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the versions of a manager whose shims are on PATH, wherever its root is."""
    for entry in search.env.get("PATH", "").split(os.pathsep):
        root, name = os.path.split(entry.rstrip("/\\"))
        if name == "shims" and os.path.isabs(root):  # noqa: PTH117 - text
            for source, pattern in _BEHIND_SHIMS:
                label = "mise" if "mise" in os.path.basename(root) else source  # noqa: PTH119
                for folder in expand(root, pattern, search):
                    yield SearchLocation(folder=folder, source=label)


VARIABLE = "MULTIRT_SEARCH_PATH"

_IN_TREE = ("*/bin", "*/usr/bin") if BIN else ("*",)
_IN_PREFIX = ("bin", "usr/bin") if BIN else ("Scripts",)

# A prefix such as /opt/python3.14 or /usr/local/python; a tree of them such as /opt/python/3.14.
_SYSTEM = (
    ("/usr", ("bin",)),
    ("/usr/local", ("bin", "*/bin", "opt/*/bin")),
    ("/opt", ("*/bin", "*/usr/bin", "*/*/bin")),
)
SYSTEM = tuple(root for root, _ in _SYSTEM)


def named_locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield what MULTIRT_SEARCH_PATH names: each entry a file, a prefix, or a folder of those."""
    for entry in dict.fromkeys(search.env.get(VARIABLE, "").split(os.pathsep)):
        if not os.path.isabs(entry):  # noqa: PTH117 - text
            continue
        if os.path.isfile(search.noticed(entry)):  # noqa: PTH113 - text
            folder, name = os.path.split(entry)
            yield SearchLocation(folder=folder, source=VARIABLE, explicit=True, name=name)
            continue
        yield SearchLocation(folder=entry, source=VARIABLE, explicit=True, tree=True)
        for pattern in (*_IN_PREFIX, *_IN_TREE):
            for folder in expand(entry, pattern, search):
                yield SearchLocation(folder=folder, source=VARIABLE, explicit=True)


def system_locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the system's own folders."""
    for root, patterns in _SYSTEM:
        for pattern in patterns:
            for folder in expand(root, pattern, search):
                yield SearchLocation(folder=folder, source=root)
