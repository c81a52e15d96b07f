"""Find every runtime of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtimes import sources
from runtimes.discovery_cache import Whole

if TYPE_CHECKING:
    from runtimes.model import Discovery
    from runtimes.search import Search


def discover(search: Search) -> Discovery:
    """Return every runtime that a search finds, and what it could not use.

    Nothing is raised for a bad candidate: it is listed among the rejected with its reason.

    Example:
        >>> from pathlib import Path
        >>> from runtimes import Search, discover
        >>> search = Search(env={}, home=Path("/home/me"), sources=frozenset({"PATH"}))
        >>> discover(search).runtimes
        ()
    """
    places = tuple(sources.places(search))
    selected = frozenset(sources.selected_folders(search))
    whole = Whole(search, places, selected)
    found = whole.load()
    if found is not None:
        return found
    from runtimes.discoverer import Discoverer  # 12 ms, where something has changed

    return Discoverer(search).run(places, selected, whole)
