"""Judge named artifacts on runtimes: the whole of probing in two functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe.checks import failing_modules, judge
from abi_probe.dynamic_linking.link import LinkContext, link, sibling_libraries
from abi_probe.dynamic_linking.loader import ProcessImage, program_libcs
from abi_probe.model import Target  # noqa: TC001 - msgspec reads it
from abi_probe.module_lookup import lookup_modules
from abi_probe.verdict import Cause

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from abi_probe.advice import Advice
    from abi_probe.dynamic_linking.library_search import Loaded
    from abi_probe.model import Artifact
    from abi_probe.stable_abi_claim import StableAbiReport
    from abi_probe.verdict import Objection, Verdict


class RuntimeTarget(Struct, frozen=True, kw_only=True):
    """A runtime to judge on.

    Attributes:
        target: its facts.
        given: what its loader gives; None for a runtime that is no ELF program or is not here.
    """

    target: Target
    given: ProcessImage | None


class ProbeFindings(Struct, frozen=True, kw_only=True):
    """All that is known of one artifact.

    Attributes:
        artifact: what its files and its metadata say.
        promises: what is promised for each extension and what it keeps, in their order.
        advice: what their author may want to know, in the same way.
        verdicts: one for each runtime, in the order in which they were given.
    """

    artifact: Artifact
    promises: tuple[StableAbiReport, ...]
    advice: tuple[Advice, ...]
    verdicts: tuple[Verdict, ...]


def probe(path: Path, prospects: Sequence[RuntimeTarget]) -> tuple[ProbeFindings, ...]:
    """Read a path and judge what it holds on some runtimes.

    Args:
        path: a wheel, a folder of installed packages, a folder of files, or one binary.
        prospects: the runtimes.

    Returns:
        The findings on each artifact; of a folder with metadata on each distribution.

    Raises:
        NothingToProbeError, UnreadableError: as `read_path`.
    """
    from abi_probe.advice import advise  # 5 ms, where more is wanted than verdicts
    from abi_probe.open_target import read_path
    from abi_probe.stable_abi_claim import check_stable_abi

    artifacts = read_path(path)
    siblings = sibling_libraries(artifacts)
    return tuple(
        ProbeFindings(
            artifact=artifact,
            promises=tuple(check_stable_abi(each, artifact) for each in artifact.extensions),
            advice=tuple(map(advise, artifact.extensions)),
            verdicts=judge_all_linked(artifact, prospects, siblings),
        )
        for artifact in artifacts
    )


def judge_linked(
    artifact: Artifact,
    prospect: RuntimeTarget,
    siblings: Mapping[str, Loaded] | None = None,
    wanted: AbstractSet[str] = frozenset(),
) -> Verdict:
    """Judge an artifact on a runtime, its libraries followed as that runtime's loader would.

    Args:
        artifact: what is to be judged.
        prospect: the runtime.
        siblings: `sibling_libraries` of what is installed with it.
        wanted: modules that a program imports, so that they are not optional.
    """
    (verdict,) = judge_all_linked(artifact, [prospect], siblings, wanted)
    return verdict


def judge_all_linked(
    artifact: Artifact,
    prospects: Sequence[RuntimeTarget],
    siblings: Mapping[str, Loaded] | None = None,
    wanted: AbstractSet[str] = frozenset(),
) -> tuple[Verdict, ...]:
    """Do as `judge_linked` on some runtimes, with what is the same for all of them done once.

    Args:
        artifact: what is to be judged.
        prospects: the runtimes.
        siblings: `sibling_libraries` of what is installed with it.
        wanted: as in `judge_linked`.
    """
    ground = LinkContext.of(artifact, siblings if siblings is not None else {})
    seen = {each.target.suffixes for each in prospects}
    found = {suffixes: lookup_modules(artifact, suffixes) for suffixes in seen}
    loaders = program_libcs(artifact.programs.values())
    verdicts = []
    for prospect in prospects:
        target, modules = prospect.target, found[prospect.target.suffixes]
        chosen = [module.chosen for module in modules if module.chosen is not None]
        links = link(ground, chosen, prospect.given) if prospect.given is not None else {}
        here = loaders if prospect.given is not None else None
        verdict = judge(artifact, target, links, modules, loaders=here)
        if verdict.objections and all(map(_is_of_a_module, verdict.objections)):
            from abi_probe.own_imports import optional_modules  # 5 ms, with what unpacks wheels

            failing = failing_modules(artifact, target, links, modules)
            others_load = len(failing) < len(modules)
            optional = optional_modules(artifact, failing - wanted, others_load=others_load)
            verdict = judge(artifact, target, links, modules, loaders=here, optional=optional)
        verdicts.append(verdict)
    return tuple(verdicts)


def _is_of_a_module(objection: Objection) -> bool:
    """Return whether an objection is to one file, not to the metadata or to all."""
    return objection.path is not None and objection.cause is not Cause.BROKEN
