"""How much faster one thing is than another, with a 95 % interval. Pure, and without a seed.

Rank statistics on logarithms: no assumption that times are normal, one outlier moves nothing.
Paired: Hodges and Lehmann's estimate with Wilcoxon's signed-rank interval, exact; unpaired: their
two-sample estimate with the rank-sum interval in its normal approximation (Hollander, Wolfe and
Chicken, Nonparametric Statistical Methods, chapters 3 and 4).
"""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAIL = 0.025  # on each side
_NORMAL = 1.959964  # its quantile
_LEAST_EACH = 5
_MOST_EACH = 400  # the newest; all pairs of them are looked at


class Ratio(Struct, frozen=True, kw_only=True):
    """How many times as fast: above 1 is faster.

    Attributes:
        estimate: of the ratio of the times, the reference's over the other's.
        low: lower end of the interval; None when there are too few times for one.
        high: upper end; None as above.
    """

    estimate: float
    low: float | None
    high: float | None

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 1 out."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def paired_ratio(reference: Sequence[float], other: Sequence[float]) -> Ratio:
    """Return the ratio of times that were measured in turns, one of each a round."""
    pairs = zip(reference, other, strict=False)  # what one has more was not measured next to
    logs = [math.log(mine / theirs) for mine, theirs in pairs]
    means = sorted((left + right) / 2 for index, left in enumerate(logs) for right in logs[index:])
    return _ratio(means, _signed_rank(len(logs)))


def unpaired_ratio(reference: Sequence[float], other: Sequence[float]) -> Ratio:
    """Return the ratio of times that came independently."""
    mine, theirs = reference[-_MOST_EACH:], other[-_MOST_EACH:]
    differences = sorted(math.log(left / right) for left in mine for right in theirs)
    count = len(mine) * len(theirs)
    spread = math.sqrt(count * (len(mine) + len(theirs) + 1) / 12)
    enough = min(len(mine), len(theirs)) >= _LEAST_EACH
    return _ratio(differences, int(count / 2 - _NORMAL * spread) if enough else 0)


def _ratio(logs: Sequence[float], rank: int) -> Ratio:
    """Return the median of sorted logarithms, and the interval between two ranks from the ends."""
    estimate = math.exp(median(logs))
    if rank < 1:
        return Ratio(estimate=estimate, low=None, high=None)
    low, high = math.exp(logs[rank - 1]), math.exp(logs[-rank])
    return Ratio(estimate=estimate, low=low, high=high)


def _signed_rank(count: int) -> int:
    """Return the lower quantile of Wilcoxon's statistic, 0 when there are too few pairs."""
    sums = [1]  # in how many ways each rank sum comes about
    for rank in range(1, count + 1):
        shifted = [0] * rank + sums
        sums = [a + b for a, b in zip(shifted, sums + [0] * rank, strict=True)]
    below = 0
    for total, ways in enumerate(sums):
        below += ways
        if below > _TAIL * 2**count:
            return total
    return 0
