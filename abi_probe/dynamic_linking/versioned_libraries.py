"""Find libraries that an artifact brings once for each version of Python.

A module of the stable ABI can keep what is not stable in a library of its own for each version, and
open the one that fits at run time: no entry of any table names it, and where it is missing the
process ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abi_probe.verdict import Cause, Objection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.model import Artifact, Target

_FOR_A_VERSION = re.compile(r"(?P<stem>.*[^\d.])(?P<major>3)\.(?P<minor>\d{1,2})\.(?:so|dylib|dll)")
_A_FAMILY = 3  # members that tell one from libraries whose own version looks like Python's


def check_companions(artifact: Artifact, target: Target) -> Iterator[Objection]:
    """Yield the objection to libraries for other versions of CPython and none for a runtime's."""
    if target.implementation != "cpython":
        return
    families: dict[str, dict[tuple[int, int], str]] = {}
    for path in sorted(artifact.libraries):
        if match := _FOR_A_VERSION.fullmatch(path.name):
            version = (int(match["major"]), int(match["minor"]))
            families.setdefault(match["stem"], {})[version] = str(path)
    version = (target.version.major, target.version.minor)
    for stem, members in families.items():
        if len(members) >= _A_FAMILY and version not in members:
            yield Objection(
                cause=Cause.LIBRARY,
                facts=(("libraries", stem),),
                need=(
                    f"{max(members.items())[1]} is one of {len(members)} libraries for one version"
                    " of Python each"
                ),
                here=f", and none is for {version[0]}.{version[1]}",
                help="a newer release of it, or another that has one for this version",
            )
