"""Ratios with their intervals: known values, and how often they hold what is true."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multirt.intervals import paired_ratio, unpaired_ratio

TIMES = st.lists(st.floats(min_value=1e-6, max_value=1e4), min_size=6, max_size=12)


def test_equal_times_have_the_ratio_one() -> None:
    found = paired_ratio([1.0] * 6, [1.0] * 6)
    assert (found.estimate, found.low, found.high, found.significant) == (1, 1, 1, False)


def test_six_rounds_give_an_interval_from_end_to_end() -> None:
    # With six pairs the 95 % interval is the least and the greatest ratio: 1 - 2/64 = 96.9 %.
    found = paired_ratio([2.0, 2.1, 2.2, 2.3, 2.4, 2.5], [1.0] * 6)
    assert found.low == pytest.approx(2.0)
    assert found.high == pytest.approx(2.5)
    assert found.significant


def test_ten_rounds_leave_the_eight_outermost_means_out() -> None:
    # Tables of Wilcoxon's statistic: for ten pairs 8 is the critical value at 5 %, two-sided.
    logs = [0.1 * index for index in range(10)]
    means = sorted((a + b) / 2 for index, a in enumerate(logs) for b in logs[index:])
    found = paired_ratio([math.exp(each) for each in logs], [1.0] * 10)
    assert found.low == pytest.approx(math.exp(means[8]))
    assert found.high == pytest.approx(math.exp(means[-9]))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_rounds_claim_nothing(count: int) -> None:
    found = paired_ratio([2.0] * count, [1.0] * count)
    assert found.estimate == pytest.approx(2)
    assert (found.low, found.high, found.significant) == (None, None, False)
    assert not unpaired_ratio([2.0] * 4, [1.0] * 40).significant


def test_drift_of_the_machine_does_not_favor_a_runtime() -> None:
    reference = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    found = paired_ratio(reference, [each / 1.3 for each in reference])
    assert found.low == pytest.approx(1.3)
    assert found.high == pytest.approx(1.3)


def test_one_outlier_moves_nothing() -> None:
    found = unpaired_ratio([1.0] * 9 + [900.0], [0.5] * 10)
    assert found.estimate == pytest.approx(2)


@pytest.mark.parametrize("paired", [True, False], ids=["paired", "unpaired"])
def test_intervals_hold_the_truth_as_often_as_they_say(*, paired: bool) -> None:
    chance = random.Random(8)  # noqa: S311 - a simulation
    trials, missed = 400, 0
    for _ in range(trials):
        reference = [math.exp(chance.gauss(0, 0.1)) for _ in range(10)]
        other = [math.exp(chance.gauss(0, 0.1)) / 1.2 for _ in range(10)]
        found = (paired_ratio if paired else unpaired_ratio)(reference, other)
        assert found.low is not None
        assert found.high is not None
        missed += not found.low <= 1.2 <= found.high
    assert missed <= trials * 0.08


@given(TIMES, TIMES)
def test_the_estimate_lies_in_its_interval_and_turns_with_the_sides(
    left: list[float], right: list[float]
) -> None:
    for ratio in (paired_ratio, unpaired_ratio):
        there, back = ratio(left, right), ratio(right, left)
        assert there.low is not None
        assert there.high is not None
        assert there.low <= there.estimate * (1 + 1e-9)
        assert there.estimate <= there.high * (1 + 1e-9)
        assert there.estimate * back.estimate == pytest.approx(1)
