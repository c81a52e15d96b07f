"""Do the work of one task: here, in another process or on another machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import (
    AbiProbeError,
    Loaded,
    NothingToProbeError,
    SourceArchiveError,
    UnreadableError,
    advise,
    broken_promises,
    check_stable_abi,
    first_exporter,
    judge_all_linked,
    read_binary_file,
    read_distribution,
    read_path,
    sibling_libraries,
    tracking_reads,
)
from multirt.probe.model import (
    AUTO,
    SOURCE_ARCHIVE,
    UNKNOWN_TAGS,
    ArtifactReport,
    ProbeTask,
    TaskResult,
    failed,
)
from multirt.probe.report_cache import Witnesses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Artifact, Extension, RuntimeTarget, Slots, Verdict
    from multirt.probe.model import ExtensionReport, RuntimeReport, RuntimeTargets, SlotsReport
    from runtimes.storage.fingerprint import Fingerprints


class ReadResult(Struct, frozen=True, kw_only=True):
    """The result of reading a task.

    Attributes:
        artifacts: what it holds.
        seen: the paths that this rests on.
        failed: the report of what cannot be read; None when it can.
    """

    artifacts: tuple[Artifact, ...]
    seen: Fingerprints
    failed: ArtifactReport | None = None


def read_task(task: ProbeTask) -> ReadResult:
    """Read what a task is about."""
    witnesses = Witnesses()
    with tracking_reads(witnesses):
        try:
            return ReadResult(artifacts=read_target(task), seen=witnesses.seen)
        except AbiProbeError as error:
            return ReadResult(artifacts=(), seen={}, failed=failure_report(task, error))


def read_target(task: ProbeTask) -> tuple[Artifact, ...]:
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


def failure_report(task: ProbeTask, error: AbiProbeError) -> ArtifactReport:
    """Return the report of what cannot be read."""
    match error:
        case SourceArchiveError():
            kind, hint = SOURCE_ARCHIVE, "pip wheel --no-deps makes one"
        case NothingToProbeError():
            kind = "nothing-to-probe"
            hint = "name a wheel, a binary, a folder of packages or, with --site, what is in one"
        case _:
            kind, hint = "unreadable", "check its name, or fetch or build it again"
    message = f"{task.name}: {error}" if task.name else str(error)
    return failed(task.target, kind, message, hint)


def report_of(
    target: str,
    artifact: Artifact,
    prospects: Sequence[RuntimeTarget],
    verdicts: Sequence[Verdict],
) -> ArtifactReport:
    """Return the report of an artifact that was read.

    Args:
        target: as it was named.
        artifact: what was read.
        prospects: the runtimes that it was judged on.
        verdicts: one for each of them, in their order.
    """
    judged = zip(verdicts, prospects, strict=True)
    return {
        "target": target,
        "kind": artifact.kind.value,
        "name": artifact.name,
        "version": str(artifact.version) if artifact.version is not None else None,
        "wheel_tags": sorted(map(str, artifact.tags)),
        "broken_promises": [
            {
                "kind": each.kind.value,
                "path": each.path,
                "promise": each.promise,
                "need": each.need,
                "reason": each.reason,
                "help": each.help,
            }
            for each in broken_promises(artifact)
        ],
        "extensions": [_extension(each, artifact, prospects) for each in artifact.extensions],
        "runtimes": [_runtime(verdict, prospect) for verdict, prospect in judged],
        "error": None,
    }


def _runtime(verdict: Verdict, prospect: RuntimeTarget) -> RuntimeReport:
    """Return the verdict of one runtime."""
    return {
        "runtime": verdict.target,
        "evidence": prospect.target.evidence.value,
        "status": verdict.status.value,
        "objections": [
            {
                "cause": each.cause.value,
                "detail": each.detail,
                "need": each.need,
                "facts": dict(each.facts),
                "path": each.path,
                "symbol": each.symbol,
                "help": each.help,
            }
            for each in verdict.objections
        ],
        "warnings": [each.detail for each in verdict.warnings],
        "judged_warnings": [
            {"kind": each.kind.value, "subject": each.subject, "detail": each.detail}
            for each in verdict.warnings
        ],
        "imported": verdict.imported,
    }


def _extension(
    extension: Extension, artifact: Artifact, prospects: Sequence[RuntimeTarget]
) -> ExtensionReport:
    """Return one extension module."""
    promise, advice = check_stable_abi(extension, artifact), advise(extension)
    oldest = first_exporter(extension, artifact, [each.target for each in prospects])
    return {
        "path": str(extension.path),
        "module": extension.module,
        "format": extension.binary.format.value,
        "machine": "+".join(extension.binary.machines),
        "claim": {"kind": extension.claim.kind.value, "text": extension.claim.text},
        "declared_floor": _dotted(promise.declared_floor),
        "computed_floor": _dotted(promise.computed_floor),
        "libc_floor": promise.libc_floor,
        "symbols": promise.symbols,
        "violations": [
            {
                "symbol": each.symbol,
                "class": each.symbol_class.value,
                "added": each.added,
                "first_exported": each.first_exported,
                "reason": each.reason,
                "help": each.help,
            }
            for each in promise.violations
        ],
        "warnings": list(promise.warnings),
        "slots": _slots(advice.slots) if advice.slots is not None else None,
        "present_floor": oldest.name if oldest is not None else None,
        "promotable": advice.promotable.value if advice.promotable is not None else None,
        "hindrances": [
            {"symbol": each.symbol, "class": each.symbol_class.value, "instead": each.instead}
            for each in advice.hindrances
        ],
        "hints": list(advice.hints),
        "classes": {kind.value: count for kind, count in advice.classes.items()},
    }


def _slots(slots: Slots) -> SlotsReport:
    """Return what a module declares."""
    return {
        "kinds": list(slots.kinds),
        "gil": slots.gil,
        "interpreters": slots.interpreters,
    }


def _dotted(version: tuple[int, int] | None) -> str | None:
    """Write a version as people do."""
    return f"{version[0]}.{version[1]}" if version is not None else None


class SiblingLibraries(Mapping[str, Loaded]):
    """The libraries of the other parts of a site, by each name that asks for them.

    Few are ever asked for, so each is read when it is, and the answer is noted.

    Attributes:
        queried: the path that each name led to; None for none.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        """Know where the libraries are."""
        self.queried: dict[str, str | None] = {}
        self._paths = paths
        self._read: dict[str, Loaded | None] = {}

    def __getitem__(self, name: str) -> Loaded:
        """Return a library; raise KeyError where there is none that can be read."""
        path = self.queried[name] = self._paths.get(name)
        if path is not None and path not in self._read:
            self._read[path] = _library(path)
        found = self._read[path] if path is not None else None
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._paths)


def _library(path: str) -> Loaded | None:
    """Read a library; None when it has changed since it was found."""
    try:
        binary = read_binary_file(Path(path))
    except UnreadableError:
        return None
    return Loaded(path=PurePosixPath(path), binary=binary, owned=True)


def perform(task: ProbeTask, prospects: RuntimeTargets) -> TaskResult:
    """Read what a task is about and judge it on every prospect."""
    return judge_read(task, read_task(task), prospects)


def judge_read(task: ProbeTask, found: ReadResult, prospects: RuntimeTargets) -> TaskResult:
    """Judge what was read for a task on each of its prospects."""
    if found.failed is not None:
        return TaskResult(reports=[found.failed], seen=None)
    judged_on = prospects.of(task)
    if not judged_on:  # as for a wheel of Android
        hint = "name the runtimes with --runtime or --python"
        message = f"no known runtime for --runtime {AUTO}"
        return TaskResult(reports=[failed(task.target, UNKNOWN_TAGS, message, hint)], seen=None)
    siblings, witnesses = SiblingLibraries(task.siblings), Witnesses()
    with tracking_reads(witnesses):
        reports = [
            report_of(task.target, each, judged_on, judge_all_linked(each, judged_on, siblings))
            for each in found.artifacts
        ]
    own = sibling_libraries(found.artifacts) if task.part is not None else {}
    return TaskResult(
        reports=reports,
        seen={**witnesses.seen, **found.seen},
        libraries={name: str(library.path) for name, library in own.items()},
        queried=siblings.queried,
    )


def worker_died(task: ProbeTask) -> TaskResult:
    """Return what is given of a task that ended the process which did it, twice."""
    message = "the process that read it ended twice; it may have run out of memory"
    reports = [failed(task.target, "lost", message, "--jobs 1 takes less of it")]
    return TaskResult(reports=reports, seen=None)
