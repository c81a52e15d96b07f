"""Do tasks with trials: the runtimes of this machine really import what is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import AbiProbeError, examine, nearby, optional_modules
from multirt.probe.import_model import Check, proven
from multirt.probe.import_modules import Limits
from multirt.probe.import_store import ProofStore
from multirt.probe.import_sweep import Setting, prove_on
from multirt.probe.make_report import report_of
from multirt.probe.model import Trial
from multirt.probe.read_task import failure, read_target
from multirt.probe.task import Done

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from abi_probe import Artefact, Loaded, Prospect
    from multirt.probe.model import Probing, Progress
    from multirt.probe.report_values import Report
    from multirt.probe.task import Task
    from runtimes import Runtime

_CHECKS = {
    Trial.IMPORT: Check.IMPORT,
    Trial.SUBINTERPRETER: Check.SUBINTERPRETER,
    Trial.GIL: Check.GIL,
}


class Trying(Struct, frozen=True, kw_only=True):
    """What is tried where.

    Attributes:
        prospects: what is judged on.
        runtimes: those of them that are here and can be started.
        probing: the request.
        progress: told of each runtime that has tried an artefact.
    """

    prospects: Sequence[Prospect]
    runtimes: Sequence[Runtime]
    probing: Probing
    progress: Progress

    @property
    def setting(self) -> Setting:
        """How the children are started."""
        cache_dir = self.probing.search.cache_dir
        return Setting(
            roots=self.probing.sites,
            env=self.probing.search.env,
            limits=Limits(seconds=self.probing.seconds),
            store=ProofStore(folder=cache_dir / "proofs") if cache_dir is not None else None,
            children=self.probing.jobs or 2,
        )


def in_trials(tasks: Sequence[Task], trying: Trying) -> Iterator[tuple[int, Done]]:
    """Do the tasks one after the other; the children of each run side by side."""
    for place, task in enumerate(tasks):
        try:
            artefacts = read_target(task)
            beside = nearby(artefacts)
            reports = [_tried(task, each, beside, trying) for each in artefacts]
        except AbiProbeError as error:
            reports = [failure(task, error)]
        yield place, Done(reports=reports, seen=None)


def _tried(task: Task, artefact: Artefact, beside: Mapping[str, Loaded], trying: Trying) -> Report:
    """Judge one artefact, then add what the runtimes that are here really do with it."""
    verdicts = {each.target.name: examine(artefact, each, beside) for each in trying.prospects}
    trying.progress.expect(len(trying.probing.trials) * len(trying.runtimes))
    for trial in trying.probing.trials:
        check = _CHECKS[trial]
        for proof in prove_on(artefact, trying.runtimes, check=check, setting=trying.setting):
            others_load = any(each.module not in proof.failed for each in proof.seen)
            optional = optional_modules(artefact, proof.failed, others_load=others_load)
            verdicts[proof.runtime] = proven(verdicts[proof.runtime], proof, optional)
            trying.progress.step(f"{task.name or task.target}: {check.value} on {proof.runtime}")
    return report_of(task.target, artefact, trying.prospects, [*verdicts.values()])
