"""Do the work for one target: here, in another process or on another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import (
    AbiProbeError,
    NothingToProbeError,
    SourceArchiveError,
    examine,
    nearby,
    noticing,
    read_distribution,
    read_path,
)
from multirt.probing.report import SOURCE_ARCHIVE, Report, failed
from multirt.probing.reporting import report_of
from multirt.probing.store import Witnesses
from multirt.probing.task import Done, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Artefact, Prospect


def perform(task: Task, prospects: Sequence[Prospect]) -> Done:
    """Read a target and judge it on every prospect."""
    witnesses = Witnesses()
    with noticing(witnesses):
        try:
            artefacts = read_target(task)
        except AbiProbeError as error:
            return Done(reports=[failure(task.target, error)], seen=None)
        return Done(reports=judge_all(task.target, artefacts, prospects), seen=witnesses.seen)


def judge_all(
    target: str, artefacts: Sequence[Artefact], prospects: Sequence[Prospect]
) -> list[Report]:
    """Judge what a target holds."""
    beside = nearby(artefacts)
    return [
        report_of(
            target,
            artefact,
            prospects,
            [examine(artefact, each, beside) for each in prospects],
        )
        for artefact in artefacts
    ]


def read_target(task: Task) -> tuple[Artefact, ...]:
    """Read a path, or a distribution by its name.

    Raises:
        AbiProbeError: it cannot be read.
    """
    if task.path is not None:
        return read_path(task.path)
    return (read_distribution(task.target, task.roots),)


def failure(target: str, error: AbiProbeError) -> Report:
    """Return the report of a target that cannot be read."""
    match error:
        case SourceArchiveError():
            kind = SOURCE_ARCHIVE
        case NothingToProbeError():
            kind = "nothing-to-probe"
        case _:
            kind = "unreadable"
    return failed(target, kind, str(error))


def lost(task: Task) -> Done:
    """Return what is said of a task that ended the process which did it, twice."""
    message = "the process that read it ended twice; it may have run out of memory"
    return Done(reports=[failed(task.target, "lost", message)], seen=None)
