"""Prove one artefact on many runtimes, as far as that is not remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from msgspec import Struct, field

from multirt.probe.import_model import Check
from multirt.probe.import_modules import Limits, prove, subjects, workplace
from multirt.probe.import_store import proof_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from abi_probe import Artefact
    from multirt.probe.import_model import Proof
    from multirt.probe.import_store import ProofStore
    from runtimes import Runtime


class Setting(Struct, frozen=True, kw_only=True):
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
) -> Iterator[Proof]:
    """Import the modules of an artefact on some runtimes.

    Args:
        artefact: a wheel (it is unpacked into a temporary folder), or what lies on the disk.
        runtimes: where.
        check: what is tried.
        setting: how.

    Yields:
        One proof for each runtime: first what is remembered, then what is made, as it is.

    Raises:
        UnreadableError: a wheel that is broken, or unpacks to far more than it should.
    """
    how = setting or Setting()
    keys = {each.id: proof_key(artefact, each, check, how.roots) for each in runtimes}
    left = []
    for runtime in runtimes:
        known = how.store.load(keys[runtime.id]) if how.store is not None else None
        if known is not None:
            yield known
        else:
            left.append(runtime)
    if left:
        for proof in _prove_all(artefact, left, check, how):
            if how.store is not None:
                how.store.save(keys[proof.runtime], proof)
            yield proof


def _prove_all(
    artefact: Artefact, runtimes: Sequence[Runtime], check: Check, how: Setting
) -> Iterator[Proof]:
    """Really make the proofs."""
    with (
        workplace(artefact, how.roots, how.env) as (installed, place),
        ThreadPoolExecutor(how.children) as pool,
    ):
        made = [
            pool.submit(
                prove, subjects(installed, each), each, place, check=check, limits=how.limits
            )
            for each in runtimes
        ]
        for future in as_completed(made):
            yield future.result()
