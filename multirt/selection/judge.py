"""Judge one program on one runtime. Pure: what the disk says was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from abi_probe import Status
from multirt.selection.checks.constraints import unmet_constraints
from multirt.selection.checks.imports import RuntimeView, missing_imports, syntax_errors
from multirt.selection.checks.packages import package_conflicts
from multirt.selection.model import Verdict
from multirt.selection.ranking import rank_for_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abi_probe import Objection
    from abi_probe import Verdict as PackageVerdict

_WORSE = 1000  # than any number of unverified distributions


def judge_runtime(view: RuntimeView, verdicts: Mapping[str, PackageVerdict]) -> Verdict:
    """Return the verdict on a runtime.

    Args:
        view: what is asked, the runtime, and what it has.
        verdicts: on each distribution that the program reaches there, by name.
    """
    context, runtime = view.context, view.runtime
    found = [
        *unmet_constraints(context, runtime),
        *syntax_errors(view),
        *missing_imports(view),
        *package_conflicts(context, runtime),
    ]
    unverified = []
    warnings: list[str] = []
    for name, verdict in sorted(verdicts.items()):
        found += [_of_distribution(each, name) for each in verdict.objections]
        warnings += [each.detail for each in verdict.warnings]
        if verdict.status is Status.UNVERIFIED:
            unverified.append(name)
    objections = [each for each in found if each.cause not in context.allowed]
    overruled = [each for each in found if each.cause in context.allowed]
    warnings += [f"tried all the same: {each.detail}" for each in overruled]
    return Verdict(
        runtime=runtime,
        objections=tuple(objections),
        unverified=tuple(unverified),
        warnings=tuple(warnings),
        rank=rank_for_program(context, runtime, len(unverified) + len(overruled) * _WORSE),
        asked=view.answers is not None and view.answers.trouble is None,
    )


def _of_distribution(objection: Objection, name: str) -> Objection:
    """Return the objection to a distribution as one to the program that reaches it."""
    return replace(objection, facts=(*objection.facts, ("distribution", name)))


def choose(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the accepted verdict of the best rank, None when every runtime is refused."""
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    return min(accepted, key=lambda verdict: verdict.rank, default=None)
