"""Find which runtimes come closest to fitting a program, and what would make one fit. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import Cause
from multirt.errors import NothingFitsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from abi_probe import Objection
    from multirt.selection.model import Candidate, Decision

# What another file of the same distribution may lack.
_OF_A_FILE = frozenset(
    {
        Cause.ABI_HOOK,
        Cause.ABI_KIND,
        Cause.ABI_SUFFIX,
        Cause.ABI_SYMBOL,
        Cause.ABI_TAG,
        Cause.IMPORT,
        Cause.PACKAGE,
        Cause.PACKAGE_PYTHON,
        Cause.PLATFORM,
    }
)
# Facts that differ between runtimes with the same reason.
_OF_A_RUNTIME = frozenset({"message", "needs", "full"})


class NoCandidateError(NothingFitsError):
    """No runtime fits a program; `multirt.report.explanations` has its text.

    Attributes:
        decision: with the objections to each runtime.
    """

    def __init__(self, decision: Decision) -> None:
        """Keep the decision."""
        super().__init__(f"no runtime fits {decision.program.title}")
        self.decision = decision


class Remedy(Struct, frozen=True, kw_only=True):
    """What would make one runtime fit.

    Attributes:
        runtime: its id.
        distributions: what to install for it.
    """

    runtime: str
    distributions: tuple[str, ...]


def suggest_fix(decision: Decision) -> Remedy | None:
    """Return what would make the best refused runtime fit; None when nothing simple does.

    The best refused one is the first by rank of those that only installed packages rule out.
    """
    if decision.wanted is not None:
        return None
    refused = (each for each in decision.candidates if not each.accepted)
    for candidate in sorted(refused, key=lambda each: each.rank):
        names = _distributions(candidate, decision.providers)
        if names and (decision.chosen is None or candidate.rank < decision.chosen.rank):
            return Remedy(runtime=candidate.runtime.id, distributions=names)
    return None


def _distributions(candidate: Candidate, providers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the distributions that stand in the way; empty when something else does too.

    Of a module that is not installed, only what a user, a project or an installed distribution
    named counts: under the module's own name anything may be registered.
    """
    names = []
    for each in candidate.objections:
        name = each.fact("distribution") or providers.get(each.fact("module") or "")
        if each.cause not in _OF_A_FILE or name is None:
            return ()
        names.append(name)
    return tuple(dict.fromkeys(names)) if "venv" in candidate.runtime.stdlib else ()


def is_other(candidate: Candidate) -> bool:
    """Return whether a runtime is not one that was asked for."""
    return any(each.cause is Cause.SPEC for each in candidate.objections)


def closest(decision: Decision) -> list[Candidate]:
    """Return the refused candidates, the closest to a fit first."""
    refused = (each for each in decision.candidates if not each.accepted)
    return sorted(refused, key=lambda each: (is_other(each), len(each.objections), each.rank))


def by_reason(refused: Iterable[Candidate]) -> list[tuple[Objection, list[Candidate]]]:
    """Return refused candidates by their first objection, which compares by its facts."""
    groups: dict[object, tuple[Objection, list[Candidate]]] = {}
    for candidate in refused:
        first = candidate.objections[0]
        shared = tuple(each for each in first.facts if each[0] not in _OF_A_RUNTIME)
        reason = (first.cause, first.path, first.symbol, shared)
        groups.setdefault(reason, (first, []))[1].append(candidate)
    return [*groups.values()]
