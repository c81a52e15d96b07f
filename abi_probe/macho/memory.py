"""Look at a Mach-O image as it lies in memory, where it would like to be loaded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from abi_probe.macho.binding import pointer_format
from abi_probe.memory import Memory, apart, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.macho.commands import Image

# The kinds of pointer that chains of fixups have outside of Apple's own libraries: 36 bits of
# target, 15 that are zero, 12 that lead to the next one, one that says that another library has it.
# Source: `DYLD_CHAINED_PTR_64` in Apple's `mach-o/fixup-chains.h`.
_FROM_ZERO: Final = 2  # DYLD_CHAINED_PTR_64
_FROM_BASE: Final = 6  # DYLD_CHAINED_PTR_64_OFFSET
_TARGET: Final = (1 << 36) - 1
_BOUND: Final = 1 << 63
_STILL: Final = 6  # bytes of such a pointer that its place in the chain does not change


@dataclass(frozen=True, kw_only=True, slots=True)
class MachoMemory(Memory):
    """A Mach-O image as it lies in memory.

    Attributes:
        base: what is added to a pointer's target; None where pointers stand as they are.
    """

    base: int | None

    @classmethod
    def of(cls, image: Image) -> MachoMemory | None:
        """Prepare an image; None where its pointers are of a kind that no wheel's are.

        Raises:
            UnreadableError: the chained fixups are cut off.
        """
        base = None
        if "chained" in image.commands.parts:
            window = image.window.part(*image.commands.parts["chained"], "chained fixups")
            kind = pointer_format(window, image.order)
            if kind not in {_FROM_ZERO, _FROM_BASE}:
                return None
            base = image.commands.base if kind == _FROM_BASE else 0
        return cls(
            data=searchable(image.window.data),
            mark=image.order,
            word=struct.Struct(image.order + ("I" if image.bits == 32 else "Q")),  # noqa: PLR2004
            stretches=apart(image.commands.sections),
            base=base,
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds; 0 for one to another library's symbol as well."""
        number = self.number(address)
        if not number or self.base is None:
            return number
        return 0 if number & _BOUND else self.base + (number & _TARGET)

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        value = address - (self.base or 0)
        if 0 <= value <= (_TARGET if self.word.size == 8 else 0xFFFFFFFF):  # noqa: PLR2004  bytes
            still = _STILL if self.base is not None else self.word.size
            yield from self.writable_places(self.word.pack(value)[:still])
