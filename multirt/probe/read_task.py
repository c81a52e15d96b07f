"""Read what a task is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import (
    AbiProbeError,
    NothingToProbeError,
    SourceArchiveError,
    noticing,
    read_distribution,
    read_path,
)
from multirt.probe.fact_store import Witnesses
from multirt.probe.report_values import SOURCE_ARCHIVE, Report, failed

if TYPE_CHECKING:
    from abi_probe import Artefact
    from multirt.probe.task import Task
    from runtimes.storage.fingerprint import Fingerprints


class Read(Struct, frozen=True, kw_only=True):
    """What came of reading a task.

    Attributes:
        artefacts: what it holds.
        seen: the paths that this rests on.
        failed: the report of what cannot be read; None when it can.
    """

    artefacts: tuple[Artefact, ...]
    seen: Fingerprints
    failed: Report | None = None


def read(task: Task) -> Read:
    """Read what a task is about."""
    witnesses = Witnesses()
    with noticing(witnesses):
        try:
            return Read(artefacts=read_target(task), seen=witnesses.seen)
        except AbiProbeError as error:
            return Read(artefacts=(), seen={}, failed=failure(task, error))


def read_target(task: Task) -> tuple[Artefact, ...]:
    """Read a path, a distribution in it, or a distribution by its name.

    Raises:
        AbiProbeError: it cannot be read.
    """
    if task.part is not None:
        from abi_probe import read_installed  # 5 ms, for what is installed

        return (read_installed(task.part),)
    if task.path is not None:
        return read_path(task.path)
    return (read_distribution(task.target, task.roots),)


def failure(task: Task, error: AbiProbeError) -> Report:
    """Return the report of what cannot be read."""
    match error:
        case SourceArchiveError():
            kind, hint = SOURCE_ARCHIVE, "pip wheel --no-deps makes one"
        case NothingToProbeError():
            kind = "nothing-to-probe"
            hint = "name a wheel, a binary, a folder of packages or, with --site, what is in one"
        case _:
            kind, hint = "unreadable", "check its name, or fetch or build it anew"
    message = f"{task.name}: {error}" if task.name else str(error)
    return failed(task.target, kind, message, hint)
