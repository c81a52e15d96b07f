"""The values of proving: what is imported, what became of it, what that says of an artefact."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from abi_probe import Cause, JudgedWarning, Objection, Status, WarningKind

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from abi_probe import Verdict


class Check(StrEnum):
    """What is tried in the child process."""

    IMPORT = "import"
    SUBINTERPRETER = "subinterpreter"  # import in an isolated interpreter with a GIL of its own
    GIL = "gil"  # import, and see whether that turns the GIL on in a free-threaded build


class Outcome(StrEnum):
    """What became of one module."""

    IMPORTED = "imports"
    OTHER_FILE = "other file"  # another file than the artefact's was taken, or none
    NEEDS_MODULE = "needs module"  # a Python module from outside the artefact is absent
    TURNS_GIL_ON = "turns the GIL on"
    FAILED = "fails"
    CRASHED = "crashes"
    HUNG = "hangs"
    IMPOSSIBLE = "impossible"  # the runtime has nothing to try it with


class Subject(Struct, frozen=True, kw_only=True):
    """One module to import.

    Attributes:
        module: dotted name.
        files: one of them must be what was imported.
        native: they are extension files.
    """

    module: str
    files: tuple[Path, ...]
    native: bool


class Seen(Struct, frozen=True, kw_only=True):
    """One real import.

    Attributes:
        module: dotted name.
        outcome: what became of it.
        detail: the exception, the signal, or the file.
        alone: what becomes of the extension file without the code of the packages around it;
            None where that was not tried, because the whole imports.
    """

    module: str
    outcome: Outcome
    detail: str
    alone: Seen | None = None


class Proof(Struct, frozen=True, kw_only=True):
    """What a runtime did with every module of an artefact.

    Attributes:
        runtime: its id.
        check: what was tried.
        seen: one for each subject, in their order.
    """

    runtime: str
    check: Check
    seen: tuple[Seen, ...]

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
        return True if outcomes == {Outcome.IMPORTED} else None

    @property
    def failed(self) -> frozenset[str]:
        """The modules that could not be imported."""
        return frozenset(each.module for each in self.seen if each.outcome in _FAILURES)


_FAILURES = frozenset(
    {
        Outcome.OTHER_FILE,
        Outcome.TURNS_GIL_ON,
        Outcome.FAILED,
        Outcome.CRASHED,
        Outcome.HUNG,
    }
)

_HELPS = {
    Outcome.CRASHED: "a build by the runtime; python -X faulthandler shows where it ends",
    Outcome.HUNG: "more time, where it is only slow (--timeout)",
}


def proven(verdict: Verdict, proof: Proof, optional: AbstractSet[str] = frozenset()) -> Verdict:
    """Return a verdict with what a proof adds to it.

    A failure is an objection, however the static checks came out. A success turns `unverified`
    into `compatible` and takes nothing away: a tag may be stricter than the machine code.
    Sub-interpreters and the GIL are no part of an artefact's promise, so they only warn.

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
        if each.outcome is Outcome.NEEDS_MODULE
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
