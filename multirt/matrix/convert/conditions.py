"""Say in conditions which cells of a matrix are meant: some values of its runtime and its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[str, ...]
"""Where a cell is: its runtime, and its value of each axis."""
Condition = dict[int, tuple[str, ...]]
"""The values that a cell must have in some of these places; those of other places are free."""


def conditions(meant: Sequence[Place], others: Sequence[Place]) -> Iterator[Condition]:
    """Yield conditions of which one holds for each cell that is meant, and none for the others.

    Args:
        meant: where they are, at least one.
        others: where no condition may hold; what is in neither does not matter.
    """
    values: Condition = {
        number: tuple(dict.fromkeys(each[number] for each in meant))
        for number in range(len(meant[0]))
    }
    if not any(_holds(values, each) for each in others):
        yield _shortened(values, others)
        return
    # Where a box around them holds others too, each value of the place with the fewest has its own.
    place = min((n for n in values if len(values[n]) > 1), key=lambda n: len(values[n]))
    for value in values[place]:
        yield from conditions([each for each in meant if each[place] == value], others)


def _holds(condition: Condition, place: Place) -> bool:
    return all(place[number] in values for number, values in condition.items())


def _shortened(condition: Condition, others: Sequence[Place]) -> Condition:
    """Return a condition without what it can do without, the longest of it first."""
    for number in sorted(condition, key=lambda each: -len(condition[each])):
        less = {place: values for place, values in condition.items() if place != number}
        if less and not any(_holds(less, each) for each in others):
            condition = less
    return condition
