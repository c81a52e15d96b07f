"""The folders where runtimes are: one row of a table, or one function, for each source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtimes.sources import conda, folders, version_managers, windows_registry
from runtimes.sources.folders import SearchLocation
from runtimes.sources.version_managers import selected_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtimes.options import SearchOptions

__all__ = ["SOURCES", "SearchLocation", "places", "selected_folders"]

_MANAGERS = tuple(manager.name for manager in version_managers.MANAGERS)

SOURCES: tuple[str, ...] = (
    folders.VARIABLE,
    "PATH",
    *_MANAGERS,
    "conda",
    "registry",
    *folders.SYSTEM,
)
"""Every source in the order of preference; a runtime found in two is called after the first."""

# Each reader with the sources that it speaks for.
_READERS = (
    ((folders.VARIABLE,), folders.named_locations),
    (("PATH",), folders.locations),
    (_MANAGERS, folders.locations_behind_shims),
    (_MANAGERS, version_managers.locations),
    (("conda", "pixi"), conda.locations),
    (("registry",), windows_registry.locations),
    (folders.SYSTEM, folders.system_locations),
)


def locations(search: SearchOptions) -> Iterator[SearchLocation]:
    """Yield every folder to look into; one folder may come from several sources."""
    for names, reader in _READERS:
        if search.sources is None or not search.sources.isdisjoint(names):
            for location in reader(search):
                if search.sources is None or location.source in search.sources:
                    search.noticed(location.folder)
                    yield location
