"""Do tasks with trials: the runtimes of this machine really import what is judged."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from abi_probe import AbiProbeError, ArtifactKind, judge_linked, optional_modules, sibling_libraries
from multirt.probe.import_modules import (
    ImportLimits,
    check_imports,
    import_sandbox,
    modules_to_import,
)
from multirt.probe.model import (
    Check,
    ImportCheck,
    ImportOutcome,
    Proof,
    TaskResult,
    apply_import_result,
)
from multirt.probe.worker import failure_report, read_target, report_of
from runtimes.storage import cache
from runtimes.storage.fingerprint import of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from abi_probe import Artifact, Loaded
    from multirt.probe.model import (
        ArtifactReport,
        ProbeProgress,
        ProbeRequest,
        ProbeTask,
        RuntimeTargets,
    )
    from runtimes import Runtime

_SCHEMA: Final = 3
_SCRIPT: Final = Path(__file__).with_name("import_script.py.txt")


class ProofStore(Struct, frozen=True, kw_only=True):
    """Where proofs are kept.

    Attributes:
        folder: need not exist. Whatever is wrong with it or with a file in it, the proof is
            simply made again.
    """

    folder: Path

    def load(self, key: str) -> Proof | None:
        """Return the proof of a key, None when there is none that can be read."""
        return cache.read(self.folder / f"{key}.json", Proof)

    def save(self, key: str, proof: Proof) -> None:
        """Keep a proof; one in which something took too long may come out otherwise next time."""
        if any(seen.outcome is ImportOutcome.HUNG for seen in proof.seen):
            return
        with suppress(OSError):  # a full or read-only disk is no reason to fail
            cache.write(self.folder / f"{key}.json", proof)


def proof_key(
    artifact: Artifact, runtime: Runtime, check: Check, roots: Sequence[Path] = ()
) -> str:
    """Return what a proof rests on as one word: every file, the runtime, the question.

    A wheel is its file; what is installed is the signatures of its binaries and modules, for one
    of them may be replaced without a trace in the others.
    """
    rests_on = [
        *((str(path), of_file(path)) for path in _files_of(artifact)),
        *((str(root), of_file(root)) for root in roots),
        (str(runtime.executable), of_file(runtime.executable)),
    ]
    question = [_SCHEMA, check, runtime.id, hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()]
    return hashlib.sha256(json.dumps([question, rests_on]).encode()).hexdigest()[:32]


def _files_of(artifact: Artifact) -> Iterator[Path]:
    """Yield the files that an import of an artifact may read."""
    if artifact.kind is ArtifactKind.WHEEL or artifact.root is None:
        yield Path(artifact.target)
        return
    root = Path(artifact.root)
    yield root
    for extension in artifact.extensions:
        yield root / extension.path
    for library in artifact.libraries:
        yield root / library
    for module in sorted(artifact.sources):
        below = root.joinpath(*module.split("."))
        yield below.with_name(f"{below.name}.py")
        yield below / "__init__.py"


class ImportCheckOptions(Struct, frozen=True, kw_only=True):
    """How proofs are made.

    Attributes:
        roots: folders of packages that an artifact needs besides its own.
        env: the user's environment.
        limits: what a child may take.
        store: where proofs are cached; None for nowhere.
        children: how many processes run at a time.
    """

    roots: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: ImportLimits = field(default_factory=ImportLimits)
    store: ProofStore | None = None
    children: int = 2


def check_imports_on(
    artifact: Artifact,
    runtimes: Sequence[Runtime],
    *,
    check: Check = Check.IMPORT,
    setting: ImportCheckOptions | None = None,
) -> Iterator[Proof]:
    """Import the modules of an artifact on some runtimes.

    Args:
        artifact: a wheel (it is unpacked into a temporary folder), or what lies on the disk.
        runtimes: where.
        check: what is tried.
        setting: how.

    Yields:
        One proof for each runtime: first what is cached, then what is made, as it is.

    Raises:
        UnreadableError: a wheel that is broken, or unpacks to far more than it should.
    """
    how = setting or ImportCheckOptions()
    keys = {each.id: proof_key(artifact, each, check, how.roots) for each in runtimes}
    left = []
    for runtime in runtimes:
        known = how.store.load(keys[runtime.id]) if how.store is not None else None
        if known is not None:
            yield known
        else:
            left.append(runtime)
    if left:
        for proof in _run_checks(artifact, left, check, how):
            if how.store is not None:
                how.store.save(keys[proof.runtime], proof)
            yield proof


def _run_checks(
    artifact: Artifact, runtimes: Sequence[Runtime], check: Check, how: ImportCheckOptions
) -> Iterator[Proof]:
    """Really make the proofs."""
    with (
        import_sandbox(artifact, how.roots, how.env) as (installed, sandbox),
        ThreadPoolExecutor(how.children) as pool,
    ):
        made = [
            pool.submit(
                check_imports,
                modules_to_import(installed, each),
                each,
                sandbox,
                check=check,
                limits=how.limits,
            )
            for each in runtimes
        ]
        for future in as_completed(made):
            yield future.result()


_CHECKS = {
    ImportCheck.IMPORT: Check.IMPORT,
    ImportCheck.SUBINTERPRETER: Check.SUBINTERPRETER,
    ImportCheck.GIL: Check.GIL,
}


class ImportCheckRun(Struct, frozen=True, kw_only=True):
    """What is tried where.

    Attributes:
        prospects: what is judged on.
        runtimes: those of them that are here and can be started.
        probing: the request.
        progress: called for each runtime that has tried an artifact.
    """

    prospects: RuntimeTargets
    runtimes: Sequence[Runtime]
    probing: ProbeRequest
    progress: ProbeProgress

    @property
    def setting(self) -> ImportCheckOptions:
        """How the children are started."""
        cache_dir = self.probing.search.cache_dir
        return ImportCheckOptions(
            roots=self.probing.sites,
            env=self.probing.search.env,
            limits=ImportLimits(seconds=self.probing.seconds),
            store=ProofStore(folder=cache_dir / "proofs") if cache_dir is not None else None,
            children=self.probing.jobs or 2,
        )


def run_import_checks(
    tasks: Sequence[ProbeTask], trying: ImportCheckRun
) -> Iterator[tuple[int, TaskResult]]:
    """Do the tasks one after the other; the children of each run side by side."""
    for sandbox, task in enumerate(tasks):
        try:
            artifacts = read_target(task)
            siblings = sibling_libraries(artifacts)
            reports = [_check_artifact(task, each, siblings, trying) for each in artifacts]
        except AbiProbeError as error:
            reports = [failure_report(task, error)]
        yield sandbox, TaskResult(reports=reports, seen=None)


def _check_artifact(
    task: ProbeTask, artifact: Artifact, siblings: Mapping[str, Loaded], trying: ImportCheckRun
) -> ArtifactReport:
    """Judge one artifact, then add what the runtimes that are here really do with it."""
    prospects = trying.prospects.of(task)
    verdicts = {each.target.name: judge_linked(artifact, each, siblings) for each in prospects}
    trying.progress.expect(len(trying.probing.trials) * len(trying.runtimes))
    for trial in trying.probing.trials:
        check = _CHECKS[trial]
        for proof in check_imports_on(
            artifact, trying.runtimes, check=check, setting=trying.setting
        ):
            others_load = any(each.module not in proof.failed for each in proof.seen)
            optional = optional_modules(artifact, proof.failed, others_load=others_load)
            verdicts[proof.runtime] = apply_import_result(verdicts[proof.runtime], proof, optional)
            trying.progress.step(f"{task.name or task.target}: {check.value} on {proof.runtime}")
    return report_of(task.target, artifact, prospects, [*verdicts.values()])
