"""Judge one program on one runtime. Pure: what the disk says was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from multirt.selection.checks.constraints import declared
from multirt.selection.checks.imports import RuntimeView, missing, uncompilable
from multirt.selection.checks.packages import site
from multirt.selection.model import Verdict
from multirt.selection.ranking import ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abi_probe import Objection
    from abi_probe import Verdict as PackageVerdict

_WORSE = 1000  # than any number of unverified distributions


def judge_runtime(having: RuntimeView, verdicts: Mapping[str, PackageVerdict]) -> Verdict:
    """Say what stands against a runtime.

    Args:
        having: what is asked, the runtime, and what it has.
        verdicts: on each distribution that the program reaches there, by name.
    """
    question, runtime = having.question, having.runtime
    found = [
        *declared(question, runtime),
        *uncompilable(having),
        *missing(having),
        *site(question, runtime),
    ]
    unverified = []
    warnings: list[str] = []
    for name, verdict in sorted(verdicts.items()):
        found += [_of_distribution(each, name) for each in verdict.objections]
        warnings += [each.detail for each in verdict.warnings]
        if verdict.status.value == "unverified":
            unverified.append(name)
    objections = [each for each in found if each.cause not in question.allowed]
    overruled = [each for each in found if each.cause in question.allowed]
    warnings += [f"tried all the same: {each.detail}" for each in overruled]
    return Verdict(
        runtime=runtime,
        objections=tuple(objections),
        unverified=tuple(unverified),
        warnings=tuple(warnings),
        rank=ranked(question, runtime, len(unverified) + len(overruled) * _WORSE),
        asked=having.answers is not None and having.answers.trouble is None,
    )


def _of_distribution(objection: Objection, name: str) -> Objection:
    """Return the objection to a distribution as one to the program that reaches it."""
    return replace(objection, facts=(*objection.facts, ("distribution", name)))


def choose(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the accepted verdict of the best rank, None when every runtime is refused."""
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    return min(accepted, key=lambda verdict: verdict.rank, default=None)
