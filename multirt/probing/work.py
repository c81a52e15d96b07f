"""Do the work for one target: here, in another process or on another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import (
    AbiProbeError,
    NothingToProbeError,
    SourceArchiveError,
    examine_all,
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
    from collections.abc import Callable, Mapping, Sequence

    from abi_probe import Artefact, Loaded, Prospect

    Judging = Callable[[str, Sequence[Artefact], Sequence[Prospect]], Done]


def perform(task: Task, prospects: Sequence[Prospect], judging: Judging | None = None) -> Done:
    """Read a target and judge it on every prospect.

    Args:
        task: the target.
        prospects: the runtimes.
        judging: judges what it holds elsewhere; None to do it here.
    """
    witnesses = Witnesses()
    with noticing(witnesses):
        try:
            artefacts = read_target(task)
        except AbiProbeError as error:
            return Done(reports=[failure(task.target, error)], seen=None)
        if judging is None:
            return Done(reports=judge_all(task.target, artefacts, prospects), seen=witnesses.seen)
    done = judging(task.target, artefacts, prospects)
    return Done(reports=done.reports, seen={**(done.seen or {}), **witnesses.seen})


def judge_all(
    target: str, artefacts: Sequence[Artefact], prospects: Sequence[Prospect]
) -> list[Report]:
    """Judge what a target holds."""
    beside = nearby(artefacts)
    return [judge_one(target, artefact, prospects, beside) for artefact in artefacts]


def judge_one(
    target: str,
    artefact: Artefact,
    prospects: Sequence[Prospect],
    beside: Mapping[str, Loaded],
) -> Report:
    """Judge one artefact of a target; `beside` is `nearby` of all of them."""
    verdicts = examine_all(artefact, prospects, beside)
    return report_of(target, artefact, prospects, verdicts)


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
