"""Judge one program on one runtime. Pure: what the disk says was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.selection.checks.constraints import declared
from multirt.selection.checks.imports import Having, missing, uncompilable
from multirt.selection.checks.packages import site
from multirt.selection.model import Cause, Objection, Verdict
from multirt.selection.ranking import ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abi_probe import Verdict as PackageVerdict

_WORSE = 1000  # than any number of unverified distributions
# What says that a version is not meant to be served, not that it cannot be.
_FLOORS = frozenset({Cause.ABI_TAG, Cause.PACKAGE_PYTHON})


def judge_runtime(having: Having, verdicts: Mapping[str, PackageVerdict]) -> Verdict:
    """Say what stands against a runtime.

    Args:
        having: what is asked, the runtime, and what it has.
        verdicts: on each distribution that the program reaches there, by name.
    """
    question, runtime = having.question, having.runtime
    objections = [
        *declared(question, runtime),
        *uncompilable(having),
        *missing(having),
        *site(question, runtime),
    ]
    unverified = []
    tried = 0
    warnings: list[str] = []
    for name, verdict in sorted(verdicts.items()):
        for each in verdict.objections:
            cause = Cause(each.cause.value)
            if question.below_floor and cause in _FLOORS:
                tried += 1
                warnings.append(f"tried all the same: {each.detail}")
            else:
                objections.append(
                    Objection(
                        cause=cause,
                        detail=each.detail,
                        path=each.path,
                        symbol=each.symbol,
                        distribution=name,
                    )
                )
        warnings += verdict.warnings
        if verdict.status.value == "unverified":
            unverified.append(name)
    return Verdict(
        runtime=runtime,
        objections=tuple(objections),
        unverified=tuple(unverified),
        warnings=tuple(warnings),
        rank=ranked(question, runtime, len(unverified) + tried * _WORSE),
        asked=having.answers is not None and having.answers.trouble is None,
    )


def choose(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the accepted verdict of the best rank, None when every runtime is refused."""
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    return min(accepted, key=lambda verdict: verdict.rank, default=None)
