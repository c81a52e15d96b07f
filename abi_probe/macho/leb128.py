"""Read the numbers of variable length that a Mach-O's link data consists of."""

from __future__ import annotations

from typing import Final

from abi_probe.errors import UnreadableError

_MAX_SIZE: Final = 10  # bytes that 64 bits take, 7 in each
_MORE: Final = 0x80


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned LEB128 number.

    Args:
        data: what it stands in.
        at: where it begins.

    Returns:
        The number, and where the next thing begins.

    Raises:
        UnreadableError: it is cut off, or longer than 64 bits need.
    """
    value = 0
    for index, byte in enumerate(data[at : at + _MAX_SIZE]):
        value |= (byte & ~_MORE) << (7 * index)
        if byte < _MORE:
            return value, at + index + 1
    raise UnreadableError(f"number without an end at offset {at} of a Mach-O's link data")
