"""Do the work of one task: here, in another process or on another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abi_probe import examine_all, nearby, noticing
from multirt.probe.fact_store import Witnesses
from multirt.probe.make_report import report_of
from multirt.probe.read_task import Read, read
from multirt.probe.report_values import failed
from multirt.probe.sibling_libraries import Beside
from multirt.probe.task import Done, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Prospect


def perform(task: Task, prospects: Sequence[Prospect]) -> Done:
    """Read what a task is about and judge it on every prospect."""
    return judge_read(task, read(task), prospects)


def judge_read(task: Task, found: Read, prospects: Sequence[Prospect]) -> Done:
    """Judge what was read for a task on every prospect."""
    if found.failed is not None:
        return Done(reports=[found.failed], seen=None)
    beside, witnesses = Beside(task.beside), Witnesses()
    with noticing(witnesses):
        reports = [
            report_of(task.target, each, prospects, examine_all(each, prospects, beside))
            for each in found.artefacts
        ]
    own = nearby(found.artefacts) if task.part is not None else {}
    return Done(
        reports=reports,
        seen={**witnesses.seen, **found.seen},
        libraries={name: str(library.path) for name, library in own.items()},
        asked=beside.asked,
    )


def lost(task: Task) -> Done:
    """Return what is said of a task that ended the process which did it, twice."""
    message = "the process that read it ended twice; it may have run out of memory"
    reports = [failed(task.target, "lost", message, "--jobs 1 takes less of it")]
    return Done(reports=reports, seen=None)
