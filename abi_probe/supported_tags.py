"""Hold the wheel tags that a runtime accepts: a thousand of them, in some fifty rows."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Self

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.tags import Tag


Row = tuple[str, str, tuple[str, ...]]


class AcceptedTags(Struct, frozen=True, kw_only=True, dict=True):
    """Every wheel tag that a runtime accepts, best first.

    Attributes:
        rows: interpreter, ABI, and the platforms on which the two stand in turn.
    """

    rows: tuple[Row, ...]

    @cached_property
    def places(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Return the platforms by interpreter and ABI; equal lists of platforms share a set."""
        sets = {row[2]: frozenset(row[2]) for row in self.rows}
        places: dict[tuple[str, str], frozenset[str]] = {}
        for interpreter, abi, platforms in self.rows:
            known = places.get((interpreter, abi))
            places[interpreter, abi] = sets[platforms] | known if known else sets[platforms]
        return places

    @classmethod
    def of(cls, tags: Iterable[Tag]) -> Self:
        """Hold some tags, given in their order."""
        lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        rows = []
        for (interpreter, abi), same in groupby(tags, lambda tag: (tag.interpreter, tag.abi)):
            platforms = tuple(tag.platform for tag in same)
            rows.append((interpreter, abi, lists.setdefault(platforms, platforms)))
        return cls(rows=tuple(rows))

    def __iter__(self) -> Iterator[Tag]:
        """Yield each tag."""
        from packaging.tags import Tag  # 20 ms, and few want them one by one

        for interpreter, abi, platforms in self.rows:
            for platform in platforms:
                yield Tag(interpreter, abi, platform)

    def __contains__(self, tag: Tag) -> bool:
        """Tell whether one tag is accepted."""
        return tag.platform in self.places.get((tag.interpreter, tag.abi), ())

    @property
    def abis(self) -> frozenset[str]:
        """The ABI of every tag."""
        return frozenset(abi for _, abi in self.places)

    @property
    def platforms(self) -> frozenset[str]:
        """The platform of every tag."""
        return frozenset[str]().union(*{id(each): each for each in self.places.values()}.values())
