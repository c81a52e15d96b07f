"""Remember all that a search found, while everything that it looked at is unchanged.

What single candidates answered is cached in `runtimes.probe_cache`. To put a list of runtimes
together from that takes 40 ms; to see that nothing has changed since takes a fifth.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from runtimes.model import Discovery  # noqa: TC001 - msgspec reads it
from runtimes.probe_cache import CACHE_FOLDER, identity_env_vars
from runtimes.storage import cache, fingerprint
from runtimes.storage.fingerprint import Fingerprints  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtimes.options import SearchOptions
    from runtimes.sources.folders import SearchLocation

_SCHEMA: Final = 1
_KIND: Final = "search-"
_MOST: Final = 20  # that are kept; each has 300 kB, and another PATH makes another one
_HERE: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - for scandir


class _CachedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A search as it is cached."""

    key: str
    witnesses: Fingerprints
    noticed: list[str]
    found: Discovery


class DiscoveryCache:
    """What was found in some locations, if that is cached."""

    def __init__(
        self, search: SearchOptions, locations: Sequence[SearchLocation], selected: Iterable[str]
    ) -> None:
        """Say which search it is.

        Args:
            search: the request; without a cache folder nothing is cached.
            locations: where it looks, which was found out just now.
            selected: folders that shims lead to, in the same way.
        """
        self._search = search
        self._file: str | None = None
        code = _code()
        if search.cache_dir is None or code is None:
            return
        looked = [
            [each.folder, each.source, each.explicit, each.name, each.tree] for each in locations
        ]
        env = [identity_env_vars(search.env), search.env.get("PATH")]
        self._key = repr([_SCHEMA, code, env, looked, sorted(selected)])
        self._file = cache.file_for(os.fspath(search.cache_dir / CACHE_FOLDER), self._key, _KIND)

    def load(self) -> Discovery | None:
        """Return what was found, None when that is not known or no longer true."""
        if self._file is None or self._search.refresh:
            return None
        note = cache.read(self._file, _CachedSearch)
        if note is None or note.key != self._key or not fingerprint.is_current(note.witnesses):
            return None
        if note.found.postponed and not self._may_be_partial():
            return None
        for path in note.noticed:
            self._search.noticed(path)
        return note.found

    def _may_be_partial(self) -> bool:
        """Whether the search has a first step, and this is it."""
        return self._search.first is not None and self._search.lines == 1

    def save(
        self,
        found: Discovery,
        seen: Fingerprints,
        noticed: Iterable[str],
        since: int,
    ) -> None:
        """Remember what was found.

        Args:
            found: without a failure, and no runtime was queried for it: all of it was cached.
            seen: every path that decides what is found in the locations, unchanged.
            noticed: those that the search tells of.
            since: when the first was looked at, in nanoseconds since 1970.
        """
        if self._file is None or fingerprint.any_racy(seen, since):
            return
        note = _CachedSearch(key=self._key, witnesses=seen, noticed=[*noticed], found=found)
        with suppress(OSError):  # a full or read-only disk is no trouble
            cache.write(self._file, note)
        _prune(os.path.dirname(self._file))  # noqa: PTH120 - text


def _prune(folder: str) -> None:
    """Keep the newest of the cached searches; another process may do the same just now."""
    with suppress(OSError):
        with os.scandir(folder) as entries:
            found = [each for each in entries if each.name.startswith(_KIND)]
        for each in sorted(found, key=lambda each: each.stat().st_mtime_ns)[:-_MOST]:
            Path(each.path).unlink()


def _code() -> list[tuple[str, int, int]] | None:
    """Return what changes with the code that looks, None where that is not known."""
    try:
        with os.scandir(_HERE) as entries:
            return sorted(
                (each.name, each.stat().st_size, each.stat().st_mtime_ns)
                for each in entries
                if each.is_file()
            )
    except OSError:  # it is in an archive, or this user may not look
        return None
