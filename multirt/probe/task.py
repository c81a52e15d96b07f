"""The unit of work: a target or one distribution of it, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from abi_probe import Installed
    from multirt.probe.report_values import Report
    from runtimes.storage.fingerprint import Fingerprints


class Task(Struct, frozen=True, kw_only=True):
    """One target to probe, or one part of it.

    Attributes:
        target: as it was named.
        path: what is read, absolute, for other processes stand elsewhere; None when the target
            is the name of a distribution.
        roots: folders of packages where that distribution is looked for, absolute.
        part: the distribution of that folder that is meant; None for all of the target.
        beside: paths of the libraries of the other parts, by each name that asks for them.
    """

    target: str
    path: Path | None
    roots: tuple[Path, ...] = ()
    part: Installed | None = None
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tells the parts of a target from each other."""
        return self.part.name if self.part is not None else ""

    @property
    def is_wheel(self) -> bool:
        """Whether it is one file that is unpacked."""
        return self.path is not None and self.path.suffix == ".whl" and self.path.is_file()


class Done(Struct, frozen=True, kw_only=True):
    """What came of a task.

    Attributes:
        reports: one for each artefact of it.
        seen: the paths that they rest on, with their signatures; None for what is not remembered.
        libraries: paths of its libraries, by each name that asks for them.
        asked: which library of another part each name led to that no other place gave; None for
            no library.
    """

    reports: list[Report]
    seen: Fingerprints | None
    libraries: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str | None] = field(default_factory=dict)
