"""The request to probe."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypedDict

from msgspec import Struct, field
from msgspec.structs import replace

from abi_probe import Cause, JudgedWarning, Objection, Status, WarningKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from abi_probe import Installed, RuntimeTarget, Verdict
    from runtimes import RuntimeSpec, SearchOptions
    from runtimes.storage.fingerprint import Fingerprints

AUTO: Final = "auto"
"""The description that stands for the runtimes of each wheel's own tags."""


class ImportCheck(StrEnum):
    """What is tried in child processes of the runtimes, when it is asked for."""

    IMPORT = "import"
    SUBINTERPRETER = "subinterpreter"
    GIL = "gil"


FITTING = frozenset({"compatible", "unverified"})
"""The statuses of runtimes that an artifact works on, as far as is known."""


class ProbeProgress(Protocol):
    """Is called with how far the work is."""

    def expect(self, more: int) -> object:
        """Learn that there are so many more steps."""

    def step(self, what: str) -> object:
        """Learn what was done."""


class NullProgress:
    """Progress that is not shown."""

    def expect(self, more: int) -> None:
        """Do nothing."""

    def step(self, what: str) -> None:
        """Do nothing."""


class ProbeRequest(Struct, frozen=True, kw_only=True):
    """What is to be probed.

    Attributes:
        targets: paths, or names of distributions.
        specs: the runtimes of this machine to judge on; empty for all.
        described: runtimes that need not be here, as people write them; with some of them and no
            spec, they are all that is judged on.
        sites: folders to look for distributions in; empty for the environment's own.
        search: where runtimes are looked for.
        trials: what is tried besides.
        seconds: that one module may take to be tried.
        jobs: processes to spread the work over; None for as many as it is worth.
        executor: address of a cluster to spread it over instead; None for this machine.
    """

    targets: tuple[str, ...]
    specs: tuple[RuntimeSpec, ...]
    described: tuple[str, ...] = ()
    sites: tuple[Path, ...] = ()
    search: SearchOptions
    trials: tuple[ImportCheck, ...] = ()
    seconds: float = 60.0
    jobs: int | None = None
    executor: str | None = None


class ProbeTask(Struct, frozen=True, kw_only=True):
    """One target to probe, or one part of it.

    Attributes:
        target: as it was named.
        path: what is read, absolute, for other processes stand elsewhere; None when the target
            is the name of a distribution.
        roots: folders of packages where that distribution is looked for, absolute.
        described: runtimes that need not be here and that it is judged on, as people write them.
        part: the distribution of that folder that is meant; None for all of the target.
        siblings: paths of the libraries of the other parts, by each name that asks for them.
    """

    target: str
    path: Path | None
    roots: tuple[Path, ...] = ()
    described: tuple[str, ...] = ()
    part: Installed | None = None
    siblings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tells the parts of a target from each other."""
        return self.part.name if self.part is not None else ""

    @property
    def is_wheel(self) -> bool:
        """Whether it is one file that is unpacked."""
        return self.path is not None and self.path.suffix == ".whl" and self.path.is_file()


class RuntimeTargets(Struct, frozen=True, kw_only=True):
    """The runtimes that some tasks are judged on.

    Attributes:
        here: those of this machine, for every task.
        described: others, by the words of the tasks.
    """

    here: Sequence[RuntimeTarget] = ()
    described: Mapping[str, RuntimeTarget] = field(default_factory=dict)

    def of(self, task: ProbeTask) -> list[RuntimeTarget]:
        """Return the runtimes of one task."""
        return [*self.here, *(self.described[text] for text in task.described)]


class TaskResult(Struct, frozen=True, kw_only=True):
    """The result of a task.

    Attributes:
        reports: one for each artifact of it.
        seen: the paths that they rest on, with their signatures; None for what is not cached.
        libraries: paths of its libraries, by each name that asks for them.
        queried: which library of another part each name led to that nothing else gave; None for
            no library.
    """

    reports: list[ArtifactReport]
    seen: Fingerprints | None
    libraries: dict[str, str] = field(default_factory=dict)
    queried: dict[str, str | None] = field(default_factory=dict)


class ObjectionReport(TypedDict):
    """One reason against a runtime (`abi_probe.Objection`).

    `need` is the beginning of `detail` that is the same on every runtime with these `facts`;
    `help` is what would make the reason fall, None for nothing known.
    """

    cause: str
    detail: str
    need: str
    facts: dict[str, str]
    path: str | None
    symbol: str | None
    help: str | None


class WarningReport(TypedDict):
    """One warning of a runtime, with its kind and what it is about (`abi_probe.JudgedWarning`)."""

    kind: str
    subject: str
    detail: str


class RuntimeReport(TypedDict):
    """The verdict of one runtime; `imported` is None where no import was asked for.

    `evidence` is `runtime`, or `table` for one that is not here and was described in words.
    `warnings` has the sentences of `judged_warnings`.
    """

    runtime: str
    evidence: str
    status: str
    objections: list[ObjectionReport]
    warnings: list[str]
    judged_warnings: list[WarningReport]
    imported: bool | None


# `class` is a word of the language, so these keys cannot be written as attributes.
ViolationReport = TypedDict(
    "ViolationReport",
    {
        "symbol": str,
        "class": str,
        "added": str | None,
        "first_exported": str | None,
        "reason": str,
        "help": str,
    },
)
"""One name that breaks what a tag promises (`abi_probe.Violation`)."""


class BrokenPromiseReport(TypedDict):
    """One promise that the files do not keep (`abi_probe.BrokenPromise`)."""

    kind: str
    path: str | None
    promise: str
    need: str
    reason: str
    help: str


class ClaimReport(TypedDict):
    """What a file name says."""

    kind: str
    text: str


class SlotsReport(TypedDict):
    """What a module's definition declares (`abi_probe.Slots`)."""

    kinds: list[int]
    gil: str | None
    interpreters: str | None


HindranceReport = TypedDict("HindranceReport", {"symbol": str, "class": str, "instead": str | None})
"""One name that keeps a module from the stable ABI, and what the limited API has for it."""


class ExtensionReport(TypedDict):
    """One extension module; a floor is None where there is none.

    `present_floor` is the oldest runtime here that really gives every name; `promotable` is None
    for what is of the stable ABI already; `slots` where the file does not show any.
    """

    path: str
    module: str
    format: str
    machine: str
    claim: ClaimReport
    declared_floor: str | None
    computed_floor: str | None
    libc_floor: str | None
    symbols: dict[str, int]
    violations: list[ViolationReport]
    warnings: list[str]
    slots: SlotsReport | None
    present_floor: str | None
    promotable: str | None
    hindrances: list[HindranceReport]
    hints: list[str]
    classes: dict[str, int]


class ErrorReport(TypedDict):
    """Why a target could not be read."""

    kind: str
    message: str
    hint: str | None


class ArtifactReport(TypedDict):
    """One artifact; `error` is None where it could be read."""

    target: str
    kind: str | None
    name: str | None
    version: str | None
    wheel_tags: list[str]
    broken_promises: list[BrokenPromiseReport]
    extensions: list[ExtensionReport]
    runtimes: list[RuntimeReport]
    error: ErrorReport | None


SOURCE_ARCHIVE = "source-archive"
UNKNOWN_TAGS = "unknown-tags"
PASSED_OVER = frozenset({SOURCE_ARCHIVE, UNKNOWN_TAGS})
"""Errors that are no fault among other targets, as in `dist/*`."""


def failed(target: str, kind: str, message: str, hint: str | None = None) -> ArtifactReport:
    """Return the report of a target that could not be read."""
    return {
        "target": target,
        "kind": None,
        "name": None,
        "version": None,
        "wheel_tags": [],
        "broken_promises": [],
        "extensions": [],
        "runtimes": [],
        "error": {"kind": kind, "message": message, "hint": hint},
    }


class Check(StrEnum):
    """What is tried in the child process."""

    IMPORT = "import"
    SUBINTERPRETER = "subinterpreter"  # import in an isolated interpreter with a GIL of its own
    GIL = "gil"  # import, and see whether that turns the GIL on in a free-threaded build


class ImportOutcome(StrEnum):
    """What became of one module."""

    IMPORTED = "imports"
    OTHER_FILE = "other file"  # another file than the artifact's was taken, or none
    NEEDS_MODULE = "needs module"  # a Python module from outside the artifact is absent
    TURNS_GIL_ON = "turns the GIL on"
    FAILED = "fails"
    CRASHED = "crashes"
    HUNG = "hangs"
    IMPOSSIBLE = "impossible"  # the runtime has nothing to try it with


class ModuleToImport(Struct, frozen=True, kw_only=True):
    """One module to import.

    Attributes:
        module: dotted name.
        files: one of them must be what was imported.
        native: they are extension files.
    """

    module: str
    files: tuple[Path, ...]
    native: bool


class ImportResult(Struct, frozen=True, kw_only=True):
    """One real import.

    Attributes:
        module: dotted name.
        outcome: what became of it.
        detail: the exception, the signal, or the file.
        alone: what becomes of the extension file without the code of the packages around it;
            None where that was not tried, because the whole imports.
    """

    module: str
    outcome: ImportOutcome
    detail: str
    alone: ImportResult | None = None


class Proof(Struct, frozen=True, kw_only=True):
    """What a runtime did with every module of an artifact.

    Attributes:
        runtime: its id.
        check: what was tried.
        seen: one for each subject, in their order.
    """

    runtime: str
    check: Check
    seen: tuple[ImportResult, ...]

    @property
    def imported(self) -> bool | None:
        """True when all succeeded, False when one failed; None when a module to need is absent.

        Also None when there was nothing to try.
        """
        return self.imported_without(frozenset())

    def imported_without(self, optional: AbstractSet[str]) -> bool | None:
        """Return `imported` of all modules but some."""
        outcomes = {each.outcome for each in self.seen if each.module not in optional}
        if outcomes & _FAILURES:
            return False
        return True if outcomes == {ImportOutcome.IMPORTED} else None

    @property
    def failed(self) -> frozenset[str]:
        """The modules that could not be imported."""
        return frozenset(each.module for each in self.seen if each.outcome in _FAILURES)


_FAILURES = frozenset(
    {
        ImportOutcome.OTHER_FILE,
        ImportOutcome.TURNS_GIL_ON,
        ImportOutcome.FAILED,
        ImportOutcome.CRASHED,
        ImportOutcome.HUNG,
    }
)

_HELPS = {
    ImportOutcome.CRASHED: "a build by the runtime; python -X faulthandler shows where it ends",
    ImportOutcome.HUNG: "more time, where it is only slow (--timeout)",
}


def apply_import_result(
    verdict: Verdict, proof: Proof, optional: AbstractSet[str] = frozenset()
) -> Verdict:
    """Return a verdict with what a proof adds to it.

    A failure is an objection, however the static checks came out. A success turns `unverified`
    into `compatible` and takes nothing away: a tag may be stricter than the machine code.
    Sub-interpreters and the GIL are no part of an artifact's promise, so they only warn.

    Args:
        verdict: of the static checks.
        proof: what was tried.
        optional: modules that the artifact can do without, of which a failure only warns.
    """
    failed = [each for each in proof.seen if each.outcome in _FAILURES]
    where = "in a sub-interpreter: " if proof.check is Check.SUBINTERPRETER else ""
    doubts = tuple(
        JudgedWarning(
            kind=WarningKind.IMPORT,
            detail=f"{where}{each.module} {each.outcome}: {each.detail}",
            subject=each.module,
        )
        for each in proof.seen
        if each.outcome is ImportOutcome.NEEDS_MODULE
        or (each in failed and (proof.check != Check.IMPORT or each.module in optional))
    )
    warnings = tuple(dict.fromkeys((*verdict.warnings, *doubts)))
    if proof.check is not Check.IMPORT:
        if verdict.status is Status.INCOMPATIBLE:
            return verdict  # what does not load at all says nothing more there
        return replace(verdict, warnings=warnings)
    objections = [
        Objection(
            cause=Cause.IMPORT,
            facts=(("module", each.module), ("outcome", each.outcome.value)),
            need=f"{each.module} {each.outcome}",
            here=f": {each.detail}",
            help=_HELPS.get(each.outcome),
        )
        for each in failed
        if each.module not in optional
    ]
    imported = proof.imported_without(optional)
    status = verdict.status
    if objections:
        status = Status.INCOMPATIBLE
    elif status is Status.UNVERIFIED and imported:
        status = Status.COMPATIBLE
    return replace(
        verdict,
        status=status,
        objections=(*verdict.objections, *objections),
        warnings=warnings,
        imported=imported,
    )
