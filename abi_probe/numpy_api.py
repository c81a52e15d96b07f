"""Tell for which NumPy the modules that call its C API were built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abi_probe.verdict import JudgedWarning, WarningKind

if TYPE_CHECKING:
    from abi_probe.address_space import AddressSpace
    from abi_probe.model import Artifact, Target

# Where `import_array` looks for the API: code for NumPy 2 at the first, then at the second, for it
# runs on NumPy 1 too; older code at the second only, where NumPy 2 refuses it.
# Source: NumPy's `core/code_generators/generate_numpy_api.py`, 1.16 to 2.3.
_OF_2: Final = b"numpy._core._multiarray_umath\0"
_OF_1: Final = b"numpy.core._multiarray_umath\0"
_NUMPY_2_SINCE: Final = (3, 9)  # the oldest Python that has a NumPy 2


def needs_numpy1(memory: AddressSpace) -> bool:
    """Whether a module asks for NumPy's C API as NumPy 1 has it, and cannot do with NumPy 2's."""
    found = next(memory.strings(_OF_1), None) is not None
    return found and next(memory.strings(_OF_2), None) is None


def numpy_warning(artifact: Artifact, target: Target) -> JudgedWarning | None:
    """Return the warning to users of NumPy 2; None where nothing shows a need for NumPy 1."""
    if (target.version.major, target.version.minor) < _NUMPY_2_SINCE:
        return None
    files = [str(each.path) for each in artifact.extensions if each.binary.numpy_1]
    if not files:
        return None
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    detail = f"NumPy 2 refuses what was built for NumPy 1: {files[0]}{more}"
    return JudgedWarning(kind=WarningKind.NUMPY, detail=detail, subject=files[0])
