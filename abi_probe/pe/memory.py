"""Look at a PE file as it lies in memory, its addresses relative to where that is."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abi_probe.memory import Memory, Stretch, apart, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from abi_probe.pe.image import PeImage


@dataclass(frozen=True, kw_only=True, slots=True)
class PeMemory(Memory):
    """A PE file as it lies in memory.

    Attributes:
        base: the address that it would like to be loaded at, which its pointers count from.
    """

    base: int

    @classmethod
    def of(cls, image: PeImage) -> PeMemory:
        """Prepare an image."""
        stretches = (
            Stretch(
                offset=image.window.start + each.offset,
                address=each.address,
                size=each.raw,
                writable=each.writable,
                executable=each.executable,
            )
            for each in image.sections[1:]  # the headers are the first
        )
        return cls(
            data=searchable(image.window.data),
            mark="<",
            word=struct.Struct("<I" if image.bits == 32 else "<Q"),  # noqa: PLR2004  32 bits
            stretches=apart(stretches),
            base=image.base,
        )

    def pointer(self, address: int) -> int | None:
        """The address that a pointer holds."""
        number = self.number(address)
        return number - self.base if number and number >= self.base else number

    def pointers_to(self, address: int) -> Iterator[int]:
        """The addresses of the pointers that hold an address."""
        value = self.base + address
        if value >> 8 * self.word.size == 0:
            yield from self.writable_places(self.word.pack(value))
