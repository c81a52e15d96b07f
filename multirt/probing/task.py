"""The unit of work: one target, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.probing.report import Report
    from runtimes import Signature


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One target to probe.

    Attributes:
        target: as it was named.
        path: what is read, absolute, for other processes stand elsewhere; None when the target
            is the name of a distribution.
        roots: folders of packages where that distribution is looked for, absolute.
    """

    target: str
    path: Path | None
    roots: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What came of a task.

    Attributes:
        reports: one for each artefact of the target.
        seen: the paths that they rest on, with their signatures; None for what is not remembered.
    """

    reports: list[Report]
    seen: dict[str, Signature | None] | None
