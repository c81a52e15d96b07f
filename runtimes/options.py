"""The request to look for runtimes."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


class SearchOptions(Struct, frozen=True, kw_only=True):
    """Where to look for runtimes, and how long to wait for each.

    Attributes:
        env: the user's environment; `PATH`, `MULTIRT_SEARCH_PATH` and the variables of version
            managers are read from it.
        home: the user's home folder.
        cwd: the folder that project-wide choices (`.python-version`, `.pixi`) are looked for from;
            None where there is none.
        cache_dir: the folder for cached answers; None to cache nothing.
        timeout: seconds that one candidate may take; what is known as slow gets more.
        refresh: ask everything again, and cache that.
        sources: names of the sources to look into, see `SOURCES`; None for all.
        notice: called with every path whose change, appearing or going could change what is found,
            in any order and more than once; None when that is not wanted.
        first: of what was never asked, ask only CPythons of the newest release lines (major and
            minor version) of all candidates for which this holds, going by the names of files, and
            what has no such name; `Discovery.postponed` has the rest. None asks all.
        lines: how many release lines are asked where `first` is given.
        paths: where `first` is given and one of these is among the candidates, ask it alone.
        progress: entered with a few words while candidates are asked, which takes seconds; None
            where no user waits.
    """

    env: Mapping[str, str]
    home: Path
    cwd: Path | None = None
    cache_dir: Path | None = None
    timeout: float = 5.0
    refresh: bool = False
    sources: frozenset[str] | None = None
    first: Callable[[tuple[int, int]], bool] | None = None
    lines: int = 1
    paths: frozenset[str] = frozenset()
    notice: Callable[[str], object] | None = None
    progress: Callable[[str], AbstractContextManager[object]] | None = None

    def noticed(self, path: str) -> str:
        """Return a path that is about to be looked at, and tell it to who wants to know."""
        if self.notice is not None:
            self.notice(path)
        return path

    def waiting(self, message: str) -> AbstractContextManager[object]:
        """Return what to enter while the user may wait, to show for what."""
        return self.progress(message) if self.progress is not None else nullcontext()
