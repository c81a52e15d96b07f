"""Conditions that mean some cells of a matrix and no other."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multirt.matrix.convert.to_toml import Condition, Position, conditions

RUNTIMES = ("3.8", "3.9", "3.12")
ALL = tuple(product(RUNTIMES, ("4", "5"), ("fast", "slow")))


def _meant(condition: Condition) -> set[Position]:
    return {
        each for each in ALL if all(each[number] in values for number, values in condition.items())
    }


@pytest.mark.parametrize(
    ("meant", "printed"),
    [
        pytest.param([("3.8", "4", "fast")], [{0: ("3.8",), 1: ("4",), 2: ("fast",)}], id="one"),
        pytest.param(
            [each for each in ALL if each[1] == "5"], [{1: ("5",)}], id="a value of an axis"
        ),
        pytest.param(
            [each for each in ALL if each[0] != "3.9" and each[2] == "slow"],
            [{0: ("3.8", "3.12"), 2: ("slow",)}],
            id="several runtimes",
        ),
        pytest.param(
            [("3.8", "4", "fast"), ("3.8", "4", "slow"), ("3.9", "5", "fast")],
            [{0: ("3.8",), 1: ("4",)}, {0: ("3.9",), 1: ("5",), 2: ("fast",)}],
            id="what no single one can say",
        ),
    ],
)
def test_what_is_reported(meant: list[Position], printed: list[Condition]) -> None:
    others = [each for each in ALL if each not in meant]
    assert list(conditions(meant, others)) == printed


@given(st.sets(st.sampled_from(ALL), min_size=1))
def test_all_that_is_meant_and_no_other(meant: set[Position]) -> None:
    others = [each for each in ALL if each not in meant]
    found = [_meant(each) for each in conditions(sorted(meant), others)]
    assert set().union(*found) == meant
