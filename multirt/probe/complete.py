"""Do what is not cached of some targets, and cache it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from abi_probe import AbiProbeError, DescriptionError
from multirt.environments.abi_target import described_prospect
from multirt.errors import ErrorKind, UsageError
from multirt.probe.executors import run_locally
from multirt.probe.model import RuntimeTargets
from multirt.probe.report_cache import Witnesses
from multirt.probe.runtime_targets import file_name, runtime_targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from abi_probe import RuntimeTarget
    from multirt.probe.model import (
        ArtifactReport,
        ProbeProgress,
        ProbeRequest,
        ProbeTask,
        TaskResult,
    )
    from multirt.probe.report_cache import CachedReports, ReportCache
    from multirt.probe.worker import ReadResult
    from runtimes import Runtime
    from runtimes.storage.fingerprint import Fingerprints


class _Target(Struct, frozen=True, kw_only=True):
    """One target on its way.

    Attributes:
        task: all of it.
        parts: its distributions one by one, or it alone.
        listing: the folder that says which distributions there are.
        done: the result of a part, by its name; it is filled as the work goes on.
    """

    task: ProbeTask
    parts: tuple[ProbeTask, ...]
    listing: Fingerprints
    done: dict[str, TaskResult] = field(default_factory=dict)

    @classmethod
    def of(cls, task: ProbeTask, kept: CachedReports) -> _Target:
        """Take a target apart; what is cached of its parts is done."""
        witnesses = Witnesses()
        parts: tuple[ProbeTask, ...] = (task,)
        if task.path is not None and task.path.is_dir():
            from abi_probe import open_site  # 5 ms, for folders only

            witnesses(str(task.path))
            with suppress(AbiProbeError):  # reported when it is read
                found = open_site(task.path).distributions.values()
                parts = tuple(replace(task, part=each) for each in found) or parts
        done = {each.name: kept.parts[each.name] for each in parts if each.name in kept.parts}
        return cls(task=task, parts=parts, listing=witnesses.seen, done=done)

    def ordered(self) -> dict[str, TaskResult]:
        """Return the result of the parts, in their order."""
        return {each.name: self.done[each.name] for each in self.parts}

    def missing(self) -> list[ProbeTask]:
        """Return the parts of which nothing is known."""
        return [each for each in self.parts if each.name not in self.done]

    def outdated(self) -> list[ProbeTask]:
        """Return the parts that asked for a library which another part has, or had."""
        paths: dict[str, str] = {}
        for part in self.parts:
            for name, path in self.done[part.name].libraries.items():
                paths.setdefault(name, path)
        return [
            replace(part, siblings=paths)
            for part in self.parts
            if any(paths.get(name) != path for name, path in self.done[part.name].queried.items())
        ]


def run_tasks(
    found: Sequence[tuple[ProbeTask, CachedReports, Future[ReadResult] | None]],
    probing: ProbeRequest,
    runtimes: Sequence[Runtime],
    reports: ReportCache,
    progress: ProbeProgress,
) -> list[ArtifactReport]:
    """Do what is not cached; return the reports of all targets in their order.

    Args:
        found: the targets, each with what is cached of it, and what is being read of it.
        probing: the request.
        runtimes: that are judged on.
        reports: where it is cached.
        progress: called for each part of a target when it is done, or of each runtime's trial.

    Raises:
        MultirtError: words describe no runtime; the executor does not answer.
    """
    targets = [_Target.of(task, kept) for task, kept, _ in found]
    if probing.trials:  # their child processes want all of a target at once
        targets = [_Target(task=task, parts=(task,), listing={}) for task, *_ in found]
    missing = [(target, part) for target in targets for part in target.missing()]
    known, rows = runtime_targets(runtimes, reports, probing.search.env)
    prospects = RuntimeTargets(here=known, described=_described_targets(found))
    crew = _Executor(prospects=prospects, runtimes=runtimes, probing=probing, progress=progress)
    crew.do(missing, next((reading for *_, reading in found), None))
    crew.do([(target, part) for target in targets for part in target.outdated()])
    for target, (_, kept, _) in zip(targets, found, strict=True):
        if not kept.whole:
            reports.save(target.task, target.ordered(), target.listing, rows)
    reports.store.tidy(file_name(reports))
    done = (each for target in targets for each in target.ordered().values())
    return [report for each in done for report in each.reports]


def _described_targets(
    found: Sequence[tuple[ProbeTask, CachedReports, Future[ReadResult] | None]],
) -> dict[str, RuntimeTarget]:
    """Return the runtimes that the tasks describe.

    Raises:
        UsageError: words describe no runtime.
    """
    texts = dict.fromkeys(text for task, *_ in found for text in task.described)
    try:
        return {text: described_prospect(text) for text in texts}
    except DescriptionError as error:
        raise UsageError(str(error), kind=ErrorKind.RUNTIME) from error


class _Executor(Struct, frozen=True, kw_only=True):
    """Who does the work: processes of this machine, a cluster, or children of the runtimes.

    Attributes:
        prospects: what is judged on.
        runtimes: those of them that are here.
        probing: the request.
        progress: called with how far they are.
    """

    prospects: RuntimeTargets
    runtimes: Sequence[Runtime]
    probing: ProbeRequest
    progress: ProbeProgress

    def do(
        self, wanted: Sequence[tuple[_Target, ProbeTask]], begun: Future[ReadResult] | None = None
    ) -> None:
        """Do some parts, and give them to their targets."""
        if not wanted:
            return
        self.progress.expect(len(wanted))
        for index, done in self._executed([part for _, part in wanted], begun):
            target, part = wanted[index]
            target.done[part.name] = done
            self.progress.step(part.name or target.task.target)

    def _executed(
        self, tasks: Sequence[ProbeTask], begun: Future[ReadResult] | None
    ) -> Iterator[tuple[int, TaskResult]]:
        """Do the tasks where the request wants them done."""
        probing = self.probing
        if probing.trials:
            from multirt.probe.import_check import ImportCheckRun, run_import_checks

            trying = ImportCheckRun(
                prospects=self.prospects,
                runtimes=self.runtimes,
                probing=probing,
                progress=self.progress,
            )
            return run_import_checks(tasks, trying)
        if probing.executor is not None:
            from multirt.probe.executors import on_cluster

            return on_cluster(tasks, self.prospects, probing.executor)
        return run_locally(tasks, self.prospects, probing.jobs, begun)
