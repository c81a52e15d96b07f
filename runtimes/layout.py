"""Compare the sizes of a runtime's built-in types with those of CPython.

Compiled code embeds them, so they tell a fork from the CPython whose name it carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from runtimes.model import Runtime

_NAMES: Final = ("object", "type", "list", "dict", "tuple", "int", "float", "module")
# `__basicsize__` on 64-bit Unix, the same in every release and build that was measured.
_SIZES: Final = {
    (3, 6): (16, 864, 40, 48, 24, 24, 24, 56),
    (3, 7): (16, 864, 40, 48, 24, 24, 24, 56),
    (3, 8): (16, 880, 40, 48, 24, 24, 24, 56),
    (3, 9): (16, 880, 40, 48, 24, 24, 24, 56),
    (3, 10): (16, 888, 40, 48, 24, 24, 24, 56),
    (3, 11): (16, 904, 40, 48, 24, 24, 24, 56),
    (3, 12): (16, 920, 40, 48, 24, 24, 24, 56),
    (3, 13): (16, 928, 40, 48, 24, 24, 24, 56),
    (3, 14): (16, 936, 40, 48, 32, 24, 24, 56),
    (3, 15): (16, 944, 40, 48, 32, 24, 24, 104),
}
_FREE_THREADED: Final = {(3, 13): (32, 944, 56, 64, 40, 40, 40, 80)}
_FREE_THREADED_SINCE: Final = (3, 13)
_TRACE_REFS_UNTIL: Final = (3, 12)  # the last version whose objects such a build makes larger


class ForeignSize(Struct, frozen=True, kw_only=True):
    """A built-in type whose size is not that of the CPython of the same version.

    Attributes:
        name: of the type.
        expected: bytes on CPython.
        actual: bytes on the runtime.
    """

    name: str
    expected: int
    actual: int


def foreign_sizes(runtime: Runtime) -> tuple[ForeignSize, ...]:
    """Return the built-in types whose size differs from CPython's, none where it is not known."""
    version = (runtime.version.major, runtime.version.minor)
    abi, platform = runtime.abi, runtime.platform
    own_layout = abi.trace_refs and version <= _TRACE_REFS_UNTIL
    if platform.bits != 64 or platform.system == "win32" or own_layout:  # noqa: PLR2004 - measured
        return ()
    without_gil = abi.free_threaded and version >= _FREE_THREADED_SINCE
    table = _FREE_THREADED if without_gil else _SIZES
    if version not in table:
        return ()
    actual = dict(abi.object_sizes)
    return tuple(
        ForeignSize(name=name, expected=size, actual=actual[name])
        for name, size in zip(_NAMES, table[version], strict=True)
        if actual.get(name, size) != size
    )


def is_cpython(runtime: Runtime) -> bool:
    """Return whether a runtime is CPython itself, not a fork that carries its name."""
    return runtime.implementation.name == "cpython" and not foreign_sizes(runtime)
