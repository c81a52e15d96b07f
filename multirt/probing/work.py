"""Do the work for one target: here, in another process or on another machine."""

from __future__ import annotations

from dataclasses import dataclass
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
    from runtimes import Signature

    Judging = Callable[[str, Sequence[Artefact], Sequence[Prospect]], Done]


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What came of reading a target.

    Attributes:
        artefacts: what it holds.
        seen: the paths that this rests on.
        failed: the report of a target that cannot be read; None when it can.
    """

    artefacts: tuple[Artefact, ...]
    seen: dict[str, Signature | None]
    failed: Report | None = None


def read(task: Task) -> Read:
    """Read a target."""
    witnesses = Witnesses()
    with noticing(witnesses):
        try:
            return Read(artefacts=read_target(task), seen=witnesses.seen)
        except AbiProbeError as error:
            return Read(artefacts=(), seen={}, failed=failure(task.target, error))


def perform(task: Task, prospects: Sequence[Prospect], judging: Judging | None = None) -> Done:
    """Read a target and judge it on every prospect; arguments as `judge_read` has them."""
    return judge_read(task, read(task), prospects, judging)


def judge_read(
    task: Task, found: Read, prospects: Sequence[Prospect], judging: Judging | None = None
) -> Done:
    """Judge what was read of a target on every prospect.

    Args:
        task: the target.
        found: what was read of it.
        prospects: the runtimes.
        judging: judges what it holds elsewhere; None to do it here.
    """
    if found.failed is not None:
        return Done(reports=[found.failed], seen=None)
    done = (judging or judge_here)(task.target, found.artefacts, prospects)
    return Done(reports=done.reports, seen={**(done.seen or {}), **found.seen})


def judge_here(target: str, artefacts: Sequence[Artefact], prospects: Sequence[Prospect]) -> Done:
    """Judge what a target holds, in this process."""
    witnesses = Witnesses()
    with noticing(witnesses):
        return Done(reports=judge_all(target, artefacts, prospects), seen=witnesses.seen)


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
            kind, hint = SOURCE_ARCHIVE, "pip wheel --no-deps makes one"
        case NothingToProbeError():
            kind = "nothing-to-probe"
            hint = "name a wheel, a binary, a folder of packages or, with --site, what is in one"
        case _:
            kind, hint = "unreadable", "check its name, or fetch or build it anew"
    return failed(target, kind, str(error), hint)


def lost(task: Task) -> Done:
    """Return what is said of a task that ended the process which did it, twice."""
    message = "the process that read it ended twice; it may have run out of memory"
    reports = [failed(task.target, "lost", message, "--jobs 1 takes less of it")]
    return Done(reports=reports, seen=None)
