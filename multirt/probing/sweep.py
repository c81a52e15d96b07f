"""Probe what somebody names on every runtime asked for, as far as that is not remembered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from multirt.errors import MultirtError
from multirt.probing.answers import Answers, facts_of
from multirt.probing.store import Store, fingerprint
from multirt.probing.task import Task
from runtimes import NoRuntimeError, discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from abi_probe import Prospect
    from multirt.probing.model import Probing
    from multirt.probing.report import Report
    from multirt.probing.task import Done
    from runtimes import Runtime


def probe(
    probing: Probing, progress: Callable[[str], object] = lambda _target: None
) -> list[Report]:
    """Read every target and judge it on every runtime asked for.

    Args:
        probing: what is asked.
        progress: told each target when it is done.

    Raises:
        NoRuntimeError: no runtime fits the specs.
        MultirtError: a spec names a path that leads to no runtime; words describe none; the
            executor does not answer.
    """
    runtimes = _wanted(probing)
    tasks = [_task(target, probing) for target in probing.targets]
    store = Store.below(probing.search.cache_dir)
    answers = Answers(
        store=store, code=fingerprint(), runtimes=(*map(facts_of, runtimes), *probing.described)
    )
    found = [None if probing.trials else answers.load(task) for task in tasks]
    left = [place for place, reports in enumerate(found) if reports is None]
    work = _work([tasks[place] for place in left], probing, runtimes, answers) if left else ()
    for place, reports in work:
        found[left[place]] = reports
        progress(tasks[left[place]].target)
    return [report for reports in found for report in reports or ()]


def _work(
    tasks: Sequence[Task], probing: Probing, runtimes: Sequence[Runtime], answers: Answers
) -> Iterator[tuple[int, list[Report]]]:
    """Do what is not remembered; yield each target's place and reports, in any order."""
    # 60 ms of readers and judges that a remembered answer does without.
    from abi_probe import DescriptionError
    from multirt.probing.executors import begin, here
    from multirt.probing.prospects import prospects_of
    from multirt.targets import described_prospect

    elsewhere = probing.trials or probing.executor is not None
    begun = begin(tasks) if not elsewhere else None
    prospects, rows = prospects_of(runtimes, answers)
    try:
        prospects += [described_prospect(text) for text in probing.described]
    except DescriptionError as error:
        raise MultirtError("runtime", str(error)) from error
    if elsewhere:
        work = _elsewhere(tasks, prospects, probing, runtimes)
    else:
        work = here(tasks, prospects, probing.jobs, begun)
    for place, done in work:
        if not probing.trials:
            answers.save(tasks[place], done, rows)
        yield place, done.reports


def _elsewhere(
    tasks: Sequence[Task],
    prospects: Sequence[Prospect],
    probing: Probing,
    runtimes: Sequence[Runtime],
) -> Iterator[tuple[int, Done]]:
    """Do the tasks on a cluster, or with trials in child processes of the runtimes."""
    if probing.executor is not None:
        from multirt.probing.distributed import on_cluster

        return on_cluster(tasks, prospects, probing.executor)
    from multirt.probing.trials import Trying, in_trials

    return in_trials(tasks, Trying(prospects=prospects, runtimes=runtimes, probing=probing))


def _wanted(probing: Probing) -> list[Runtime]:
    """Return the runtimes to judge on, in order of preference."""
    if probing.described and not probing.specs:
        return []
    runtimes = discover(probing.search).runtimes
    if any(spec.path is not None for spec in probing.specs):
        from multirt.dispatch import with_named  # 40 ms

        runtimes = with_named(runtimes, probing.specs, probing.search)
    wanted = [
        each
        for each in runtimes
        if not probing.specs or any(spec.accepts(each) for spec in probing.specs)
    ]
    if not wanted:
        asked = " or ".join(map(str, probing.specs)) or "any"
        raise NoRuntimeError(asked, tuple(each.id for each in runtimes))
    return wanted


def _task(target: str, probing: Probing) -> Task:
    """Tell a path from the name of a distribution, and say where to look for that."""
    if os.sep in target or target.endswith(".whl") or os.path.lexists(target):
        return Task(target=target, path=_absolute(target))
    roots = probing.sites
    if not roots:
        from multirt.dispatch import find_environment  # 40 ms

        environment = find_environment(Path.cwd() / "x", probing.search.env)
        roots = environment.roots if environment else ()
    return Task(target=target, path=None, roots=tuple(map(_absolute, roots)))


def _absolute(path: str | Path) -> Path:
    """Return a path from the root, links and all: `$ORIGIN` means the folder that is named."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - likewise
