"""Where environments and resolutions live, and what making them is given."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from multirt.environments.index_settings import with_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

_DAY = 86_400


def _silent(_message: str) -> AbstractContextManager[object]:
    return nullcontext()


class EnvironmentStore(Struct, frozen=True):
    """The place of environments on one machine, and the circumstances of this use of it.

    Attributes:
        root: the cache folder of multirt; it need not exist.
        env: environment variables; `UV_*` and `PIP_*` say which index counts.
        progress: called with what is being done, around doing it, which may take long.
        fresh_for: seconds for which a resolution is taken as it is, without asking the index.
        refresh: ask the index in any case.
        offline: never ask it.
        unreachable: it did not answer, so it is not asked again.
    """

    root: Path
    env: Mapping[str, str]
    progress: Callable[[str], AbstractContextManager[object]] = _silent
    fresh_for: float = _DAY
    refresh: bool = False
    offline: bool = False
    unreachable: Event = field(default_factory=Event)

    def told(self, settings: Iterable[tuple[str, str]]) -> EnvironmentStore:
        """Return this place with a script's own settings for uv."""
        return replace(self, env=with_settings(self.env, settings))

    @property
    def environments(self) -> Path:
        """The folder of environments, each a folder named by its key."""
        return self.root / "environments"

    @property
    def resolutions(self) -> Path:
        """The folder of cached resolutions."""
        return self.root / "resolutions"

    @property
    def locks(self) -> Path:
        """The folder of files that keep two builders of one environment apart."""
        return self.root / "locks"
