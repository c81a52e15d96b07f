"""Give a distribution the libraries of those installed beside it, once it asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from abi_probe import Loaded, UnreadableError, read_binary_file


class Beside(Mapping[str, Loaded]):
    """The libraries of the other parts of a site, by each name that asks for them.

    Few are ever asked for, so each is read when it is, and the answer is noted.

    Attributes:
        asked: the path that each name led to; None for none.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Know where the libraries are."""
        self.asked: dict[str, str | None] = {}
        self._paths = paths
        self._read: dict[str, Loaded | None] = {}

    def __getitem__(self, name: str) -> Loaded:
        """Return a library; raise KeyError where there is none that can be read."""
        path = self.asked[name] = self._paths.get(name)
        if path is not None and path not in self._read:
            self._read[path] = _library(path)
        found = self._read[path] if path is not None else None
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._paths)


def _library(path: str) -> Loaded | None:
    """Read a library; None when it has changed since it was found."""
    try:
        binary = read_binary_file(Path(path))
    except UnreadableError:
        return None
    return Loaded(path=PurePosixPath(path), binary=binary, owned=True)
