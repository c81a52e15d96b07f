"""The request to probe."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from runtimes import RuntimeSpec, Search


AUTO: Final = "auto"
"""The description that stands for the runtimes of each wheel's own tags."""


class Trial(StrEnum):
    """What is tried in child processes of the runtimes, when it is asked for."""

    IMPORT = "import"
    SUBINTERPRETER = "subinterpreter"
    GIL = "gil"


class Progress(Protocol):
    """Who is told how far the work is."""

    def expect(self, more: int) -> object:
        """Learn that there are so many more steps."""

    def step(self, what: str) -> object:
        """Learn what was done."""


class Unheeded:
    """Progress that nobody wants to know of."""

    def expect(self, more: int) -> None:
        """Do nothing."""

    def step(self, what: str) -> None:
        """Do nothing."""


class Probing(Struct, frozen=True, kw_only=True):
    """What is to be probed.

    Attributes:
        targets: paths, or names of distributions.
        specs: the runtimes of this machine to judge on; empty for all.
        described: runtimes that need not be here, as people write them; with some of them and no
            spec, they are all that is judged on.
        sites: folders to look for distributions in; empty for the environment's own.
        search: where runtimes are looked for.
        trials: what is tried besides.
        seconds: that one module may take to be tried.
        jobs: processes to spread the work over; None for as many as it is worth.
        executor: address of a cluster to spread it over instead; None for this machine.
    """

    targets: tuple[str, ...]
    specs: tuple[RuntimeSpec, ...]
    described: tuple[str, ...] = ()
    sites: tuple[Path, ...] = ()
    search: Search
    trials: tuple[Trial, ...] = ()
    seconds: float = 60.0
    jobs: int | None = None
    executor: str | None = None
