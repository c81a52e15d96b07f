"""Install a wheel with all that it requires, where its own files do not say enough."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from abi_probe import (
    AbiProbeError,
    Cause,
    judge_linked,
    open_site,
    read_distribution,
    read_installed,
    sibling_libraries,
)
from multirt.environments import EnvironmentStore, InstallRequest, build, resolve
from multirt.errors import MultirtError
from multirt.probe.import_check import check_imports_on
from multirt.probe.model import ImportOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from abi_probe import Artifact, RuntimeTarget
    from multirt.probe.import_check import ImportCheckOptions
    from runtimes import Runtime
    from truthing.cells import Cell


def completed(
    table: Sequence[Cell],
    wheel: Path,
    prospects: Sequence[tuple[Runtime, RuntimeTarget]],
    store: EnvironmentStore,
    setting: ImportCheckOptions,
) -> list[Cell]:
    """Return the cells of a wheel, those that lack a dependency tried again with all of them.

    A cell whose requirements are not to be had for its runtime stays as it is.
    """
    return [
        _with_requirements(cell, wheel, pair, store, setting) if _lacks(cell) else cell
        for cell, pair in zip(table, prospects, strict=True)
    ]


def _lacks(cell: Cell) -> bool:
    """Whether something does not import of what an installer would take.

    Also what was foreseen: for want of a dependency nothing shows whether the reason was right.
    """
    taken = not {Cause.ABI_TAG, Cause.PACKAGE_PYTHON} & set(cell.causes)
    return taken and any(seen.outcome is not ImportOutcome.IMPORTED for seen in cell.seen.values())


def _with_requirements(
    cell: Cell,
    wheel: Path,
    pair: tuple[Runtime, RuntimeTarget],
    store: EnvironmentStore,
    setting: ImportCheckOptions,
) -> Cell:
    """Try one cell again in an environment that has all that the wheel requires."""
    runtime, prospect = pair
    try:
        built = build(runtime, resolve(runtime, InstallRequest(wheels=(wheel,)), store), store)
        artifact = read_distribution(cell.artifact.partition(" ")[0], built.site_roots)
    except (MultirtError, AbiProbeError):
        return cell
    siblings = sibling_libraries(tuple(_others(built.site_roots)))
    (proof,) = check_imports_on(artifact, [runtime], setting=setting)
    return replace(
        cell, verdict=judge_linked(artifact, prospect, siblings), proof=proof, complete=True
    )


def _others(roots: Sequence[Path]) -> Iterator[Artifact]:
    """Yield every distribution of an environment that can be read."""
    for root in roots:
        for installed in open_site(root).distributions.values():
            try:
                yield read_installed(installed)
            except AbiProbeError:
                continue
