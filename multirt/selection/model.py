"""What stands against a runtime, and how the chosen one is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from abi_probe import Cause
    from runtimes import Runtime


class Objection(Struct, frozen=True, kw_only=True):
    """One reason against one runtime.

    Attributes:
        cause: its kind.
        detail: one sentence that names the file, the symbol, the version.
        common: its beginning, which is the same for all runtimes with this reason; None where all
            of it is.
        path: the file concerned; None when there is none.
        symbol: the symbol concerned; None when there is none.
        module: the module that is not installed; None when the objection is another.
        distribution: what would have to be installed, or installed anew, for it to fall; None
            when that would not help.
        full: the resolver's own explanation, unabridged; None where the sentence is all.
    """

    cause: Cause
    detail: str
    common: str | None = None
    path: str | None = None
    symbol: str | None = None
    module: str | None = None
    distribution: str | None = None
    full: str | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """A runtime with all that stands against it for a program.

    Attributes:
        runtime: the runtime.
        objections: every reason; nothing stands against it when there is none.
        unverified: distributions of which only static checks are known, by name.
        warnings: what may go wrong all the same.
        rank: the total order of preference; the smallest is best.
        asked: the runtime itself was asked and answered, which happens in the order of rank.
    """

    runtime: Runtime
    objections: tuple[Objection, ...]
    unverified: tuple[str, ...]
    warnings: tuple[str, ...]
    rank: tuple[object, ...]
    asked: bool = False

    @property
    def accepted(self) -> bool:
        """Whether nothing stands against the runtime."""
        return not self.objections


class Plan(Struct, frozen=True, kw_only=True):
    """How to start a program.

    Attributes:
        runtime: the one that was chosen.
        executable: what to start: the runtime, or an environment of it.
        arguments: for it, the program first.
        environment: variables to set.
        stdin: what the program is to read from stdin; None to leave stdin alone.
        environments: the folders of ours that it starts in, or takes packages from.
        until: seconds since the epoch at which what is installed for it has to be found out anew;
            None for never.
    """

    runtime: Runtime
    executable: Path
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    stdin: bytes | None = None
    environments: tuple[Path, ...] = ()
    until: float | None = None
