"""Probe named artifacts on every runtime asked for, as far as that is not cached."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from abi_probe import Cause, WarningKind
from multirt.errors import UsageError
from multirt.probe.model import AUTO, NullProgress, ProbeRequest, ProbeTask
from multirt.probe.report_cache import (
    CachedReports,
    FactStore,
    ReportCache,
    facts_of,
    fingerprint,
    is_new,
)
from runtimes import NoRuntimeError, discover

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from multirt.probe.model import ArtifactReport, ProbeProgress
    from multirt.probe.worker import ReadResult
    from runtimes import Runtime


def probe(probing: ProbeRequest, progress: ProbeProgress | None = None) -> list[ArtifactReport]:
    """Read every target and judge it on every runtime asked for.

    Args:
        probing: what is asked.
        progress: called with how far it is; None for none.

    Raises:
        NoRuntimeError: no runtime fits one of the specs; that one left out would look like a pass.
        MultirtError: a spec names a path that leads to no runtime; words describe none; the
            executor does not answer.
    """
    tasks = [_task(target, probing) for target in probing.targets]
    if AUTO not in probing.described:
        return _probe_tasks(tasks, probing, progress)
    tasks = [replace(each, described=_promised_runtimes(each, probing)) for each in tasks]
    return list(map(_without_excluded, _probe_tasks(tasks, probing, progress)))


def _probe_tasks(
    tasks: Sequence[ProbeTask], probing: ProbeRequest, progress: ProbeProgress | None
) -> list[ArtifactReport]:
    """Return the reports of some tasks, as far as they are not cached."""
    store = FactStore.below(probing.search.cache_dir)
    early = len(tasks) == 1 and is_new(store, tasks[0])
    begun = _start_reading(tasks, probing) if early else None
    runtimes = _wanted(probing)
    facts = (facts_of(each, probing.search.env) for each in runtimes)
    reports = ReportCache(store=store, code=fingerprint(), runtimes=tuple(facts))
    nothing = CachedReports(parts={}, whole=False)
    kept = [nothing if probing.trials else reports.load(task) for task in tasks]
    if not all(each.whole for each in kept):
        from multirt.probe.complete import run_tasks  # 60 ms of readers and judges

        found = list(zip(tasks, kept, begun or _start_reading(tasks, probing), strict=True))
        return run_tasks(found, probing, runtimes, reports, progress or NullProgress())
    return [report for each in kept for done in each.parts.values() for report in done.reports]


def wheels_in(target: str) -> list[str]:
    """Return the wheels in a folder such as `dist`, or the target itself where it has none."""
    try:
        names = sorted(os.listdir(target))  # noqa: PTH208 - text, as it was given
    except (OSError, ValueError):  # not a folder
        return [target]
    wheels = [os.path.join(target, name) for name in names if name.endswith(".whl")]  # noqa: PTH118 - text, as it was given
    return wheels or [target]


def _promised_runtimes(task: ProbeTask, probing: ProbeRequest) -> tuple[str, ...]:
    """Return the runtimes that a wheel's tags promise, and those that are described besides.

    Raises:
        MultirtError: the target is not a wheel.
    """
    from packaging.utils import InvalidWheelFilename

    from abi_probe import promised_runtimes
    from abi_probe.tags import filename_tags

    if os.path.isdir(task.target):  # noqa: PTH112 - text, as it was given
        hint = "build them first, as with `python -m build`"
        raise UsageError(f"no wheels in {task.target}", hint)
    try:
        tags = filename_tags(os.path.basename(task.target))  # noqa: PTH119 - text alone
    except InvalidWheelFilename as error:
        if task.target.endswith(".whl"):
            return ()  # its report says what is wrong, and the other wheels are judged
        message = f"invalid wheel for --runtime {AUTO}: {task.target}: {error}"
        raise UsageError(message, "name wheels by their file names") from error
    others = (each for each in probing.described if each != AUTO)
    return (*filter(_is_described, promised_runtimes(tags)), *others)


def _is_described(text: str) -> bool:
    """Tell whether the words of a tag name a runtime that is known; iOS and Android are not."""
    from abi_probe import DescriptionError, describe  # 20 ms of tables

    try:
        describe(text, platform="linux_x86_64")
    except DescriptionError:
        return False
    return True


def _without_excluded(report: ArtifactReport) -> ArtifactReport:
    """Return a report without the runtimes that the metadata excludes: no tag promises those.

    That they are not on this machine is meant, and no warning.
    """
    excluded = Cause.PACKAGE_PYTHON
    return {
        **report,
        "runtimes": [
            {
                **verdict,
                "warnings": [each["detail"] for each in judged],
                "judged_warnings": judged,
            }
            for verdict in report["runtimes"]
            for judged in [
                [each for each in verdict["judged_warnings"] if each["kind"] != WarningKind.TABLE]
            ]
            if all(each["cause"] != excluded for each in verdict["objections"])
        ],
    }


def _start_reading(
    tasks: Sequence[ProbeTask], probing: ProbeRequest
) -> list[Future[ReadResult] | None]:
    """Begin to read the only target in a thread if it is a wheel.

    Most of that is unpacking, which another processor does while this one finds the runtimes.
    """
    elsewhere = probing.trials or probing.executor is not None
    if len(tasks) != 1 or not tasks[0].is_wheel or elsewhere:
        return [None for _ in tasks]
    from concurrent.futures import ThreadPoolExecutor

    from multirt.probe.worker import read_task  # 25 ms of readers

    pool = ThreadPoolExecutor(1)
    try:
        return [pool.submit(read_task, tasks[0])]
    finally:
        pool.shutdown(wait=False)


def _wanted(probing: ProbeRequest) -> list[Runtime]:
    """Return the runtimes to judge on, in order of preference."""
    if probing.described and not probing.specs:
        return []
    runtimes = discover(probing.search).runtimes
    if any(spec.path is not None for spec in probing.specs):
        from multirt.selection.lazy_discovery import add_explicit_paths  # 40 ms

        runtimes = add_explicit_paths(runtimes, probing.specs, probing.search)
    known = tuple(each.id for each in runtimes)
    for spec in probing.specs:
        if not any(map(spec.accepts, runtimes)):
            raise NoRuntimeError(str(spec), known)
    if not known:
        raise NoRuntimeError("any")
    return [
        each
        for each in runtimes
        if not probing.specs or any(spec.accepts(each) for spec in probing.specs)
    ]


def _task(target: str, probing: ProbeRequest) -> ProbeTask:
    """Tell a path from the name of a distribution, and say where to look for that."""
    if os.sep in target or target.endswith(".whl") or os.path.lexists(target):
        return ProbeTask(target=target, path=_absolute(target), described=probing.described)
    roots = probing.sites
    if not roots:
        from multirt.selection.virtualenv import find_environment  # 40 ms

        environment = find_environment(Path.cwd() / "x", probing.search.env)
        roots = environment.roots if environment else ()
    folders = tuple(map(_absolute, roots))
    return ProbeTask(target=target, path=None, roots=folders, described=probing.described)


def _absolute(path: str | Path) -> Path:
    """Return a path from the root, links and all: `$ORIGIN` means the folder that is named."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - as above
