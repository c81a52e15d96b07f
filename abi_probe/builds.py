"""Name the build that would serve a runtime where the one at hand does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from abi_probe.model import Target

WITH_GIL: Final = "a build by a Python with a GIL"
_WITHOUT_GIL: Final = "a build for its own version without a GIL, or for abi3t (3.15 and newer)"
_FOR_VERSION: Final = "a build for its own version, or one for the stable ABI (abi3)"
_FOR_OTHERS: Final = "a build by its own implementation; those of CPython do not serve it"


def serving_build(target: Target) -> str:
    """Return the words for a build whose ABI is a runtime's.

    "Its own" is the runtime's. The words are the same for all of one kind, so that what helps
    many is said once.
    """
    if target.implementation != "cpython":
        return _FOR_OTHERS
    return _WITHOUT_GIL if target.free_threaded else _FOR_VERSION
