"""Predict and try artifacts on runtimes, and say where the two contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abi_probe import Cause, Status, WarningKind, judge_linked, read_path
from multirt.probe.import_check import ImportCheckOptions, check_imports_on
from multirt.probe.model import ImportOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from abi_probe import Artifact, Objection, RuntimeTarget, Verdict
    from multirt.probe.model import ImportResult, Proof
    from runtimes import Runtime

# A tag or a version range may be stricter than the machine code; every other cause is a fact.
_CAUTIOUS = frozenset({Cause.ABI_TAG, Cause.PACKAGE_PYTHON})
_FINE = frozenset({ImportOutcome.IMPORTED, ImportOutcome.NEEDS_MODULE})
_FORETOLD = {
    ImportOutcome.OTHER_FILE: WarningKind.FALLBACK,
    ImportOutcome.FAILED: WarningKind.OPTIONAL,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One artifact on one runtime: what was predicted, and what happened to every module.

    Attributes:
        artifact: what tables call it.
        runtime: its id.
        verdict: on the files as they lie on the disk.
        packed: on the wheel that they came from; None when there is none.
        proof: what really happened.
        modules: the module of each extension file, by its path.
        complete: all that the artifact requires was installed with it.
    """

    artifact: str
    runtime: str
    verdict: Verdict
    packed: Verdict | None
    proof: Proof
    modules: dict[str, str]
    complete: bool = False

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Return the kinds of objection, each once."""
        return tuple(dict.fromkeys(each.cause for each in self.verdict.objections))

    @property
    def seen(self) -> dict[str, ImportResult]:
        """Return what became of each extension file itself, by module.

        Where the code of the packages around it fails, by itself or for want of another
        distribution, that is what it does without that code.
        """
        return {each.module: _own_fate(each) for each in self.proof.seen}

    def wrong(self) -> Iterator[str]:
        """Yield every way in which the prediction and the truth contradict each other."""
        packed = self.packed
        if packed is not None and not self.complete and not _agree(packed, self.verdict):
            yield f"wheel is {_kinds(packed)}, installed {_kinds(self.verdict)}"
        # Without machine code of its own, only what it requires can be to blame.
        if self.verdict.status is Status.UNVERIFIED:
            for module, seen in self.seen.items():
                if seen.outcome not in _FINE and not self._expected(module, seen.outcome):
                    yield f"{self.verdict.status}, but {module} {seen.outcome}: {seen.detail}"
        for objection in self.verdict.objections:
            if objection.cause in _CAUTIOUS or _is_of_layout(objection):
                continue
            module = self.modules.get(objection.path or "", "")
            concerned = [module] if module else list(self.seen)
            if concerned and all(
                self.seen[name].outcome is ImportOutcome.IMPORTED for name in concerned
            ):
                yield f"{objection.cause}, but {', '.join(concerned)} imports: {objection.detail}"

    def _expected(self, module: str, outcome: ImportOutcome) -> bool:
        """Whether a warning says that another file is imported, or that an extra does not load."""
        kind = _FORETOLD.get(outcome)
        return any(each.kind is kind and each.subject == module for each in self.verdict.warnings)

    def cautious(self) -> bool:
        """Whether everything imports that only the metadata refuses."""
        refused = self.verdict.status is Status.INCOMPATIBLE
        imports = all(seen.outcome is ImportOutcome.IMPORTED for seen in self.seen.values())
        return refused and imports and set(self.causes) <= _CAUTIOUS

    def row(self) -> str:
        """Return the line of the table."""
        predicted = f"{self.verdict.status} {' '.join(self.causes)}"
        outcomes = " ".join(dict.fromkeys(seen.outcome for seen in self.seen.values()))
        worst = next(
            (each for each in self.seen.values() if each.outcome is not ImportOutcome.IMPORTED),
            next(iter(self.seen.values()), None),
        )
        note = "WRONG" if any(self.wrong()) else "refused by tag" if self.cautious() else ""
        detail = worst.detail[:90] if worst is not None else ""
        return f"{self.runtime:18} {predicted:58} {outcomes:13} {note:14} {detail}"


def _is_of_layout(objection: Objection) -> bool:
    """Whether a fork has built-in types of another size: modules import there and fail in use."""
    return objection.cause is Cause.ABI_KIND and objection.symbol is not None


def _own_fate(seen: ImportResult) -> ImportResult:
    """Return what became of an extension file itself."""
    if seen.alone is None:
        return seen
    # A module that reports in words of its own that what it needs is absent; the loader's words
    # name a file.
    wanting = (
        seen.outcome is ImportOutcome.NEEDS_MODULE and seen.alone.outcome is ImportOutcome.FAILED
    )
    return seen if wanting and ".so" not in seen.alone.detail else seen.alone


def _agree(packed: Verdict, installed: Verdict) -> bool:
    """Whether a wheel is judged as its files are where they lie alone.

    There it is a fact that a library is not to be found which another distribution should bring.
    """
    if any(each.kind is WarningKind.LIBRARY for each in packed.warnings):
        ours, theirs = ({each.cause for each in one.objections} for one in (packed, installed))
        return ours - {Cause.LIBRARY} == theirs - {Cause.LIBRARY}
    return _kinds(packed) == _kinds(installed)


def _kinds(verdict: Verdict) -> str:
    """Name a verdict by its status and its causes."""
    causes = dict.fromkeys(objection.cause for objection in verdict.objections)
    return " ".join([verdict.status, *causes])


def cells(
    path: Path,
    prospects: Sequence[tuple[Runtime, RuntimeTarget]],
    *,
    wheel: Path | None = None,
    setting: ImportCheckOptions | None = None,
) -> list[Cell]:
    """Predict and try every module of some files on every runtime.

    Args:
        path: a folder of installed packages, or of bare files.
        prospects: each runtime, and what verdicts need of it.
        wheel: where the folder came from; None where it was compiled here.
        setting: how the truth is found.
    """
    (artifact,) = read_path(path)
    packed = read_path(wheel)[0] if wheel is not None else None
    tried = check_imports_on(artifact, [runtime for runtime, _ in prospects], setting=setting)
    proofs = {proof.runtime: proof for proof in tried}
    return [
        Cell(
            artifact=_title(artifact),
            runtime=runtime.id,
            verdict=judge_linked(artifact, prospect),
            packed=judge_linked(packed, prospect) if packed is not None else None,
            proof=proofs[runtime.id],
            modules={str(each.path): each.module for each in artifact.extensions},
        )
        for runtime, prospect in prospects
    ]


def _title(artifact: Artifact) -> str:
    """Name an artifact for tables."""
    return f"{artifact.name} {artifact.version}" if artifact.name else artifact.target
