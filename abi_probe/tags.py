"""Read tags of wheels, and hold those that a runtime accepts: a thousand, in some fifty rows."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby, product, starmap
from typing import TYPE_CHECKING, Self

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging import tags as packaging_tags


class Tag(Struct, frozen=True):
    """A tag of a wheel: what it was built for.

    `packaging.tags` has the same, and brings `logging`, `subprocess` and `sysconfig`: 9 ms, which
    every start of a program with packages would wait for.

    Attributes:
        interpreter: `cp313`, `py3`.
        abi: `cp313t`, `abi3`, `none`.
        platform: `manylinux_2_17_x86_64`, `any`.
    """

    interpreter: str
    abi: str
    platform: str

    def __str__(self) -> str:
        """Return the tag as it is written."""
        return f"{self.interpreter}-{self.abi}-{self.platform}"


def parse_tag(text: str) -> frozenset[Tag]:
    """Return the tags that a compressed set of tags stands for.

    >>> sorted(map(str, parse_tag("py2.py3-none-any")))
    ['py2-none-any', 'py3-none-any']

    Raises:
        ValueError: it has not three parts, an empty one, or an interpreter that is no identifier.

    Source: PEP 425, section "Compressed Tag Sets".
    """
    interpreters, abis, platforms = (part.split(".") for part in text.lower().split("-"))
    if not all(map(str.isidentifier, interpreters)) or not all((*abis, *platforms)):
        raise ValueError(f"not a tag of a wheel: {text}")
    return frozenset(starmap(Tag, product(interpreters, abis, platforms)))


def filename_tags(filename: str) -> frozenset[Tag]:
    """Return the tags in the name of a wheel's file.

    Raises:
        packaging.utils.InvalidWheelFilename: it is not a name of a wheel.
    """
    from packaging.utils import parse_wheel_filename

    *_, tags = parse_wheel_filename(filename)
    return frozenset(Tag(each.interpreter, each.abi, each.platform) for each in tags)


Row = tuple[str, str, tuple[str, ...]]


class AcceptedTags(Struct, frozen=True, kw_only=True, dict=True):
    """Every wheel tag that a runtime accepts, best first.

    Attributes:
        rows: interpreter, ABI, and the platforms on which the two stand in turn.
    """

    rows: tuple[Row, ...]

    @cached_property
    def platforms_of(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Return the platforms by interpreter and ABI; equal lists of platforms share a set."""
        sets = {row[2]: frozenset(row[2]) for row in self.rows}
        platforms_of: dict[tuple[str, str], frozenset[str]] = {}
        for interpreter, abi, platforms in self.rows:
            known = platforms_of.get((interpreter, abi))
            platforms_of[interpreter, abi] = sets[platforms] | known if known else sets[platforms]
        return platforms_of

    @classmethod
    def of(cls, tags: Iterable[packaging_tags.Tag]) -> Self:
        """Hold some tags, given in their order."""
        lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        rows = []
        for (interpreter, abi), same in groupby(tags, lambda tag: (tag.interpreter, tag.abi)):
            platforms = tuple(tag.platform for tag in same)
            rows.append((interpreter, abi, lists.setdefault(platforms, platforms)))
        return cls(rows=tuple(rows))

    def __iter__(self) -> Iterator[Tag]:
        """Yield each tag."""
        for interpreter, abi, platforms in self.rows:
            for platform in platforms:
                yield Tag(interpreter, abi, platform)

    def __contains__(self, tag: Tag) -> bool:
        """Tell whether one tag is accepted."""
        return tag.platform in self.platforms_of.get((tag.interpreter, tag.abi), ())

    @property
    def abis(self) -> frozenset[str]:
        """The ABI of every tag."""
        return frozenset(abi for _, abi in self.platforms_of)

    @property
    def platforms(self) -> frozenset[str]:
        """The platform of every tag."""
        return frozenset[str]().union(
            *{id(each): each for each in self.platforms_of.values()}.values()
        )
