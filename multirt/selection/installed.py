"""Read the installed distributions that a program's imports reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from abi_probe import UnreadableError, open_site, owners, read_installed
from abi_probe.distribution_name import normalize_name
from multirt.program.requirements import parse_requirement
from multirt.selection.module_search import modules_in, read_path_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from abi_probe import Artifact, Installed, Site
    from multirt.program.model import Program
    from multirt.program.requirements import Requirement


class Packages(Struct, frozen=True, kw_only=True):
    """What the site roots hold for a program.

    Attributes:
        roots: folders of packages, in the order of the path.
        sites: the distributions in each of them.
        added: folders that `.pth` files there add to the path, once they exist.
        owners: names of distributions by imported module; a module of none is left out.
        unowned: top-level modules that lie in a root, or in a folder that a `.pth` file there adds,
            and belong to no distribution.
        hooks: a `.pth` file there runs code, which may bring modules from anywhere.
        starts: a `.start` file there does so, from Python 3.15 on (PEP 829).
        requires: requirements of each distribution that may be reached.
        artifacts: each of those, read.
        broken: distributions whose records cannot be read, with the reason.
    """

    roots: tuple[Path, ...]
    sites: tuple[Site, ...]
    added: tuple[Path, ...]
    owners: Mapping[str, frozenset[str]]
    unowned: frozenset[str]
    hooks: bool
    starts: bool
    requires: Mapping[str, tuple[Requirement, ...]]
    artifacts: Mapping[str, Artifact]
    broken: Mapping[str, str]


def read_packages(
    program: Program, roots: Sequence[Path], modules: Iterable[str] = (), *, whole: bool = False
) -> Packages:
    """Read every distribution that a program may reach, on any runtime.

    Args:
        program: what is to run.
        roots: folders of packages, in the order of the path.
        modules: what it imports in ways that cannot be seen.
        whole: all that is installed counts.

    Raises:
        UnreadableError: a root is not a folder.
    """
    sites = [open_site(root) for root in roots]
    names = sorted({each.name for each in program.imports} | {*modules})
    owned: dict[str, frozenset[str]] = {}
    for site in reversed(sites):  # the first root wins
        owned.update(owners(site, names))
    start = {name for found in owned.values() for name in found}
    start |= {normalize_name(each.name) for each in program.dependencies}
    if whole:
        start |= {name for site in sites for name in site.distributions}
    requires, artifacts, broken = _closure(sites, start)
    path_files = read_path_files(roots)
    return Packages(
        roots=tuple(roots),
        sites=tuple(sites),
        added=path_files.added,
        owners=owned,
        unowned=modules_in(
            (*roots, *path_files.added),
            {name.partition(".")[0] for name in names if name not in owned},
        ),
        hooks=path_files.hooks,
        starts=path_files.starts,
        requires=requires,
        artifacts=artifacts,
        broken=broken,
    )


def find_providers(
    modules: Iterable[str], folders: Iterable[Path], named: Iterable[str]
) -> dict[str, str]:
    """Return the distribution of each module, by what is installed in folders or was named.

    A module of which several distributions are known is left out.

    Args:
        modules: top-level names.
        folders: of packages, which need not be there.
        named: distributions that the user or the project asks for; one brings the module of its
            own name.
    """
    found = {
        module: {name for name in named if normalize_name(name) == normalize_name(module)}
        for module in modules
    }
    for folder in dict.fromkeys(folders):
        try:
            owned = owners(open_site(folder), found)
        except UnreadableError:
            continue
        for module, names in owned.items():
            found[module] |= names
    return {module: min(names) for module, names in found.items() if len(names) == 1}


def _closure(
    sites: Sequence[Site], start: Iterable[str]
) -> tuple[dict[str, tuple[Requirement, ...]], dict[str, Artifact], dict[str, str]]:
    """Follow requirements whatever their markers say: they are judged for each runtime later."""
    requires: dict[str, tuple[Requirement, ...]] = {}
    artifacts: dict[str, Artifact] = {}
    broken: dict[str, str] = {}
    queue = list(start)
    while queue:
        name = queue.pop()
        installed = _installed(sites, name)
        if installed is None or name in requires or name in broken:
            continue
        try:
            artifacts[name] = read_installed(installed)
        except UnreadableError as error:
            broken[name] = str(error)
            continue
        requires[name] = _requirements(artifacts[name].requires)
        queue += [normalize_name(each.name) for each in requires[name]]
    return requires, artifacts, broken


def _installed(sites: Sequence[Site], name: str) -> Installed | None:
    """Return a distribution from the first folder that has it."""
    found = (site.distributions.get(name) for site in sites)
    return next((each for each in found if each is not None), None)


def _requirements(lines: Iterable[str]) -> tuple[Requirement, ...]:
    """Parse Requires-Dist lines; an invalid one is ignored (pip only warns)."""
    parsed = []
    for line in lines:
        try:
            parsed.append(parse_requirement(line))
        except ValueError:
            continue
    return tuple(parsed)
