"""Prove one artefact on many runtimes, as far as that is not remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multirt.proof.model import Check
from multirt.proof.proving import Limits, prove, subjects, workplace
from multirt.proof.store import proof_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from abi_probe import Artefact
    from multirt.proof.model import Proof
    from multirt.proof.store import ProofStore
    from runtimes import Runtime


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """How proofs are made.

    Attributes:
        roots: folders of packages that an artefact needs besides its own.
        env: the user's environment.
        limits: what a child may take.
        store: where proofs are remembered; None for nowhere.
        children: how many processes run at a time.
    """

    roots: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    store: ProofStore | None = None
    children: int = 2


def prove_on(
    artefact: Artefact,
    runtimes: Sequence[Runtime],
    *,
    check: Check = Check.IMPORT,
    setting: Setting | None = None,
) -> tuple[Proof, ...]:
    """Import the modules of an artefact on some runtimes.

    Args:
        artefact: a wheel (it is unpacked into a temporary folder), or what lies on the disk.
        runtimes: where.
        check: what is tried.
        setting: how.

    Returns:
        One proof for each runtime, in their order.

    Raises:
        UnreadableError: a wheel that is broken, or unpacks to far more than it should.
    """
    how = setting or Setting()
    keys = {each.id: proof_key(artefact, each, check, how.roots) for each in runtimes}
    known: dict[str, Proof] = {}
    for name, key in keys.items():
        remembered = how.store.load(key) if how.store is not None else None
        if remembered is not None:
            known[name] = remembered
    left = [each for each in runtimes if each.id not in known]
    if left:
        known |= _prove_all(artefact, left, check, how)
        if how.store is not None:
            for runtime in left:
                how.store.save(keys[runtime.id], known[runtime.id])
    return tuple(known[each.id] for each in runtimes)


def _prove_all(
    artefact: Artefact, runtimes: Sequence[Runtime], check: Check, how: Setting
) -> dict[str, Proof]:
    """Really make the proofs, by the runtime's id."""
    with (
        workplace(artefact, how.roots, how.env) as (installed, place),
        ThreadPoolExecutor(how.children) as pool,
    ):
        proofs = pool.map(
            lambda each: prove(
                subjects(installed, each), each, place, check=check, limits=how.limits
            ),
            runtimes,
        )
        return {proof.runtime: proof for proof in proofs}
