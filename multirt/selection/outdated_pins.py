"""Warn of a version that a requirement holds back and that is older than the runtime. Pure.

Its author cannot have tried such a version there, and it may fail quietly on a newer Python:
pydantic 1 makes models without fields on 3.14. It is only a warning, as most such versions work.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multirt.environments import Pin
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
_UPPER = frozenset({"<", "<=", "==", "===", "~="})


def outdated_pins(
    requirements: Iterable[str], pins: Iterable[Pin], runtime: Runtime
) -> Iterator[str]:
    """Yield a warning for each version that is held back and older than a runtime.

    Args:
        requirements: what was asked for, as PEP 508 writes it.
        pins: what the runtime gets.
        runtime: of a Python whose date is known; of another nothing is said.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # 60 ms, loaded before
    from packaging.utils import canonicalize_name

    version = (runtime.version.major, runtime.version.minor)
    released = _RELEASED.get(version)
    if released is None:
        return
    known = {pin.name: pin for pin in pins}
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # a file by its path, which uv understands
            continue
        pin = known.get(canonicalize_name(requirement.name))
        if pin is None or pin.uploaded is None or pin.uploaded >= released:
            continue
        if any(each.operator in _UPPER for each in requirement.specifier):
            yield (
                f"{pin.name} {pin.version} ({pin.uploaded}) is older than Python"
                f" {version[0]}.{version[1]} ({released}), and {requirement.name}"
                f"{requirement.specifier} may keep one away that knows it"
            )
