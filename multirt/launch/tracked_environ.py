"""Notice which environment variables a decision asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator


class TrackedEnviron(Mapping[str, str]):
    """An environment that remembers which of its variables were asked for.

    Passing all of it on, as to a child process, reads nothing: `items` does not count.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        """Wrap an environment."""
        self._env = env
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """Return a variable, and remember that it was asked for, be it set or not."""
        self._asked.add(name)
        return self._env[name]

    def __iter__(self) -> Iterator[str]:
        """Yield every name."""
        return iter(self._env)

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._env)

    def items(self) -> ItemsView[str, str]:
        """Return all of them, unnoticed."""
        return self._env.items()

    def answers(self) -> dict[str, str | None]:
        """Return what was asked for with its value, None where there is none."""
        return {name: self._env.get(name) for name in self._asked}
