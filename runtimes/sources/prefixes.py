"""Folders of whole prefixes: those that the user names, /opt, /usr/local."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runtimes.sources.location import BIN, SearchLocation, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions

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


def named_places(search: SearchOptions) -> Iterator[SearchLocation]:
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


def system_places(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield the system's own folders."""
    for root, patterns in _SYSTEM:
        for pattern in patterns:
            for folder in expand(root, pattern, search):
                yield SearchLocation(folder=folder, source=root)
