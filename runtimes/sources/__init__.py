"""Where runtimes are kept, one small module or one row of a table each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtimes.sources import conda, environment_path, managers, registry, trees
from runtimes.sources.place import Place
from runtimes.sources.selection import selected_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.search import Search

__all__ = ["SOURCES", "Place", "places", "selected_folders"]

_MANAGERS = tuple(manager.name for manager in managers.MANAGERS)

SOURCES: tuple[str, ...] = (
    trees.VARIABLE,
    "PATH",
    *_MANAGERS,
    "conda",
    "registry",
    *trees.SYSTEM,
)
"""Every source in the order of preference; a runtime found in two is called after the first."""

# Each reader with the sources that it speaks for.
_READERS = (
    ((trees.VARIABLE,), trees.named_places),
    (("PATH",), environment_path.places),
    (_MANAGERS, environment_path.places_behind_shims),
    (_MANAGERS, managers.places),
    (("conda", "pixi"), conda.places),
    (("registry",), registry.places),
    (trees.SYSTEM, trees.system_places),
)


def places(search: Search) -> Iterator[Place]:
    """Yield every folder to look into; one folder may come from several sources."""
    for names, reader in _READERS:
        if search.sources is None or not search.sources.isdisjoint(names):
            for place in reader(search):
                if search.sources is None or place.source in search.sources:
                    search.noticed(place.folder)
                    yield place
