"""Judge a runtime by the installed distributions that a program reaches on it. Pure."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from abi_probe import Cause
from abi_probe.distribution_name import normalize_name
from multirt.config.model import Source
from multirt.environments.markers import marker_environment
from multirt.program.requirements import parse_requirement
from multirt.selection.model import OutdatedPin, objection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from abi_probe import Objection
    from multirt.environments import Pin
    from multirt.program.requirements import Requirement
    from multirt.selection.installed import Packages
    from multirt.selection.model import EvaluationContext
    from runtimes import Runtime

# When the first release of each Python came out: PEPs 494, 537, 569, 596, 619, 664, 693, 719, 745
# and 790.
_RELEASED = {
    (3, 6): date(2016, 12, 23),
    (3, 7): date(2018, 6, 27),
    (3, 8): date(2019, 10, 14),
    (3, 9): date(2020, 10, 5),
    (3, 10): date(2021, 10, 4),
    (3, 11): date(2022, 10, 24),
    (3, 12): date(2023, 10, 2),
    (3, 13): date(2024, 10, 7),
    (3, 14): date(2025, 10, 7),
    (3, 15): date(2026, 10, 1),
}
_UPPER = ("<", "==", "~=")  # in the operators that keep newer versions away


def outdated_pins(
    requirements: Iterable[str], pins: Iterable[Pin], runtime: Runtime
) -> Iterator[OutdatedPin]:
    """Yield each version that a requirement holds back and that is older than a runtime.

    Its author cannot have tried such a version there, and it may fail quietly on a newer Python:
    pydantic 1 makes models without fields on 3.14. Most such versions work.

    Args:
        requirements: what was asked for, as PEP 508 writes it.
        pins: what the runtime gets.
        runtime: of a Python whose date is known; of another nothing is given.
    """
    version = (runtime.version.major, runtime.version.minor)
    released = _RELEASED.get(version)
    if released is None:
        return
    older = {
        pin.name: (pin, pin.uploaded)
        for pin in pins
        if pin.uploaded is not None and pin.uploaded < released
    }
    for text in requirements:
        try:
            requirement = parse_requirement(text)
        except ValueError:  # a file by its path, which uv understands
            continue
        name = normalize_name(requirement.name)
        if name in older and any(each in requirement.versions for each in _UPPER):
            pin, uploaded = older[name]
            yield OutdatedPin(
                name=pin.name,
                version=pin.version,
                uploaded=uploaded,
                python=version,
                released=released,
                requirement=f"{requirement.name}{requirement.versions}",
            )


def reached_distributions(context: EvaluationContext, runtime: Runtime) -> frozenset[str]:
    """Return the distributions that a program reaches on a runtime, its markers evaluated."""
    packages = context.packages
    if packages is None:
        return frozenset()
    whole = context.configuration.whole_site
    names = {name for found in packages.owners.values() for name in found}
    names |= packages.requires.keys() if whole and whole.value else frozenset[str]()
    environment = marker_environment(runtime)
    queue = [(name, frozenset[str]()) for name in names]
    queue += [
        (normalize_name(each.name), frozenset(each.extras))
        for each in _listed(context)
        if _holds(each, environment, frozenset())
    ]
    seen = set(queue)
    while queue:
        name, extras = queue.pop()
        for requirement in packages.requires.get(name, ()):
            if _holds(requirement, environment, extras):
                item = (normalize_name(requirement.name), frozenset(requirement.extras))
                if item not in seen:
                    seen.add(item)
                    queue.append(item)
    return frozenset(name for name, _ in seen) - _shadowed(context, packages)


def _shadowed(context: EvaluationContext, packages: Packages) -> frozenset[str]:
    """Return what will be installed besides, and so comes before what is in the folders."""
    queue = [
        normalize_name(each.value.name)
        for each in context.configuration.requirements
        if context.will_install and each.source is Source.OPTION
    ]
    found: set[str] = set()
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [normalize_name(each.name) for each in packages.requires.get(name, ())]
    return frozenset(found)


def _listed(context: EvaluationContext) -> tuple[Requirement, ...]:
    """Return what the script itself lists, where it will not be installed for it."""
    return () if context.will_install else context.program.dependencies


def _holds(requirement: Requirement, environment: dict[str, str], extras: frozenset[str]) -> bool:
    """Whether a requirement counts, for one of the extras asked for or for none."""
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate({**environment, "extra": extra}) for extra in (extras or {""})
    )


def package_conflicts(context: EvaluationContext, runtime: Runtime) -> Iterator[Objection]:
    """Yield what keeps a runtime from using the site roots, and requirements not met in them."""
    packages = context.packages
    if packages is None:
        return
    names = reached_distributions(context, runtime)
    if names & packages.requires.keys() and "venv" not in runtime.stdlib:
        yield objection(Cause.CAPABILITY, venv="folder")
    for name, trouble in sorted(packages.broken.items()):
        if name in names:
            yield objection(Cause.BROKEN, name=name, trouble=trouble)
    where = ", ".join(map(str, packages.roots))
    for name in sorted(names - packages.requires.keys() - packages.broken.keys()):
        by = _needed_by(name, packages, names) or context.program.title
        yield objection(Cause.PACKAGE, distribution=name, dependent=by, folders=where)


def _needed_by(name: str, packages: Packages, names: frozenset[str]) -> str | None:
    """Return a reached distribution that requires another, None when only the script does."""
    return next(
        (
            by
            for by in sorted(names & packages.requires.keys())
            if any(normalize_name(each.name) == name for each in packages.requires[by])
        ),
        None,
    )
