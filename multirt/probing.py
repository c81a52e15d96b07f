"""Probe what somebody names on every runtime of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abi_probe import (
    AbiProbeError,
    Artefact,
    Promise,
    Verdict,
    Violation,
    examine,
    nearby,
    promise_of,
    read_distribution,
    read_path,
)
from multirt.dispatch import find_environment, with_named
from multirt.targets import prospect_of
from runtimes import NoRuntimeError, discover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abi_probe import Prospect
    from runtimes import RuntimeSpec, Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Probing:
    """What is to be probed.

    Attributes:
        targets: paths, or names of distributions.
        specs: the runtimes to judge on; empty for all.
        sites: folders to look for distributions in; empty for the environment's own.
        search: where runtimes are looked for.
    """

    targets: tuple[str, ...]
    specs: tuple[RuntimeSpec, ...]
    sites: tuple[Path, ...]
    search: Search


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """One artefact with its verdicts.

    Attributes:
        target: as it was named.
        artefact: None when it cannot be read.
        trouble: why it cannot be read; None when it was.
        promises: one for each extension, in their order.
        verdicts: one for each runtime, in order of preference.
    """

    target: str
    artefact: Artefact | None
    trouble: str | None
    promises: tuple[Promise, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every name that breaks what a tag promises."""
        return tuple(each for promise in self.promises for each in promise.violations)


def probe(probing: Probing) -> tuple[Probed, ...]:
    """Read every target and judge it on every runtime asked for.

    Raises:
        NoRuntimeError: no runtime fits the specs.
    """
    runtimes = with_named(discover(probing.search).runtimes, probing.specs, probing.search)
    wanted = [
        each
        for each in runtimes
        if not probing.specs or any(spec.accepts(each) for spec in probing.specs)
    ]
    if not wanted:
        asked = " or ".join(map(str, probing.specs)) or "any"
        raise NoRuntimeError(asked, tuple(each.id for each in runtimes))
    prospects = [prospect_of(each) for each in wanted]
    return tuple(each for target in probing.targets for each in _probe(target, probing, prospects))


def _probe(target: str, probing: Probing, prospects: Sequence[Prospect]) -> list[Probed]:
    """Probe one target, which may hold several distributions."""
    try:
        artefacts = _read(target, probing)
    except AbiProbeError as error:
        return [Probed(target=target, artefact=None, trouble=str(error))]
    beside = nearby(artefacts)
    return [
        Probed(
            target=target,
            artefact=artefact,
            trouble=None,
            promises=tuple(promise_of(each, artefact) for each in artefact.extensions),
            verdicts=tuple(examine(artefact, each, beside) for each in prospects),
        )
        for artefact in artefacts
    ]


def _read(target: str, probing: Probing) -> tuple[Artefact, ...]:
    """Read a path, or a distribution by its name."""
    path = Path(target)
    if path.exists() or os.sep in target or path.suffix == ".whl":
        return read_path(path)
    environment = find_environment(Path.cwd() / "x", probing.search.env)
    return (read_distribution(target, probing.sites or (environment.roots if environment else ())),)
