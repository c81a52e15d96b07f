"""Judge the distributions of one big site in several processes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abi_probe import nearby, noticing
from multirt.probing.store import Witnesses
from multirt.probing.task import Done
from multirt.probing.work import judge_here, judge_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abi_probe import Artefact, Loaded, Prospect
    from multirt.probing.report import Report
    from runtimes import Signature

_WORTH: Final = 4000  # modules times runtimes; so many take 0.4 s, two processes 0.1 s to start
_PARTS: Final = 4  # of the work for each process, so that none is left waiting for long


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What a process judges parts of.

    Attributes:
        target: as it was named.
        artefacts: all of it.
        prospects: the runtimes.
        beside: `nearby` of all artefacts.
    """

    target: str
    artefacts: Sequence[Artefact]
    prospects: Sequence[Prospect]
    beside: Mapping[str, Loaded]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judges:
    """Processes that judge one site together.

    Attributes:
        processes: how many.
        worth: modules times runtimes from which on they are started.
    """

    processes: int
    worth: int

    @classmethod
    def of(cls, jobs: int | None) -> Judges | None:
        """Return the judges for a number of processes; None where one is to do all.

        Args:
            jobs: as asked for; None for one a processor where that is worth their start.
        """
        if sys.platform != "linux":  # elsewhere what was read would have to be sent first
            return None
        processes = jobs or len(os.sched_getaffinity(0))
        worth = _WORTH if jobs is None else 0
        return cls(processes=processes, worth=worth) if processes > 1 else None

    def __call__(
        self, target: str, artefacts: Sequence[Artefact], prospects: Sequence[Prospect]
    ) -> Done:
        """Judge what a target holds, here where there is little of it."""
        modules = sum(len(each.extensions) for each in artefacts)
        if len(artefacts) > 1 and modules * len(prospects) >= self.worth:
            beside = nearby(artefacts)
            site = Site(target=target, artefacts=artefacts, prospects=prospects, beside=beside)
            done = _spread(site, self.processes)
            if done is not None:
                return done
        return judge_here(target, artefacts, prospects)


def _spread(site: Site, processes: int) -> Done | None:
    """Judge a site in processes that have it from their parent; None when one of them died."""
    import multiprocessing  # 8 ms that most runs do without, and so are these
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # The largest first and dealt out in turns: the parts are about equal.
    sizes = [len(each.extensions) for each in site.artefacts]
    order = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    count = processes * _PARTS
    reports: dict[int, Report] = {}
    witnesses = Witnesses()
    context = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(processes, context, _start, (site,)) as pool:
            for part, seen in pool.map(_judge, (order[first::count] for first in range(count))):
                reports |= part
                witnesses.seen.update({**seen, **witnesses.seen})
    except BrokenProcessPool:
        return None
    return Done(reports=[reports[place] for place in range(len(sizes))], seen=witnesses.seen)


_site: Site | None = None  # of a worker process, set once when it starts


def _start(site: Site) -> None:
    """Keep what every part is of."""
    global _site  # noqa: PLW0603 - a worker process has no other place
    _site = site


def _judge(places: Sequence[int]) -> tuple[dict[int, Report], dict[str, Signature | None]]:
    """Judge some artefacts; return their reports by place, and what these rest on."""
    if _site is None:
        raise RuntimeError("a process that was not started for judging")
    site, witnesses = _site, Witnesses()
    with noticing(witnesses):
        reports = {
            place: judge_one(site.target, site.artefacts[place], site.prospects, site.beside)
            for place in places
        }
    return reports, witnesses.seen
