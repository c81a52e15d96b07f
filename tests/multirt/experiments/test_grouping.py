"""Groups that agree, and where the others leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.experiments.grouping import first_difference, group_outcomes
from tests.factories.outcomes import outcome

if TYPE_CHECKING:
    from multirt.experiments.trial import RunOutcome


def test_groups_hold_who_agrees_in_order() -> None:
    groups = group_outcomes(
        [("a", outcome("1\n")), ("b", outcome("2\n")), ("c", outcome("1\n")), ("d", outcome("2\n"))]
    )
    assert [group.members for group in groups] == [("a", "c"), ("b", "d")]
    assert groups[0].difference is None


@pytest.mark.parametrize(
    ("other", "where", "lines"),
    [
        pytest.param(
            outcome("one\ntwo\nfour\n"),
            "stdout",
            ["--- a", "+++ b", "@@ line 3 @@", " one", " two", "-three", "+four"],
            id="a line",
        ),
        pytest.param(
            outcome("one\ntwo\nthree\n", "warning\n"),
            "stderr",
            ["--- a", "+++ b", "@@ line 1 @@", "+warning"],
            id="a warning",
        ),
        pytest.param(
            outcome("one\ntwo\nthree"),
            "stdout",
            ["-the last line's end or other line ends", "+the same lines"],
            id="no end of the last line",
        ),
        pytest.param(
            outcome("one\ntwo\nthree\n", exit_code=-11),
            "exit",
            ["-exit code 0", "+ended by SIGSEGV"],
            id="a crash",
        ),
        pytest.param(
            outcome("one\ntwo\nthree\n", exit_code=None),
            "exit",
            ["-exit code 0", "+did not end in time"],
            id="no end",
        ),
        pytest.param(
            outcome("one\ntwo\nthree\n", files={"out.txt": "x"}),
            "out.txt",
            ["-not written, or removed", "+written, 1 bytes"],
            id="a file more",
        ),
    ],
)
def test_the_first_difference_is_shown(other: RunOutcome, where: str, lines: list[str]) -> None:
    found = first_difference(outcome("one\ntwo\nthree\n"), other, ("a", "b"))
    assert found is not None
    assert (found.where, list(found.lines)) == (where, lines)


def test_a_long_line_is_shown_where_it_differs() -> None:
    left, right = outcome("x" * 5000 + "left" + "y" * 500), outcome("x" * 5000 + "right")
    found = first_difference(left, right, ("a", "b"))
    assert found is not None
    assert "xleftyy" in found.lines[3]
    assert "xright" in found.lines[4]
    assert all(len(line) < 250 for line in found.lines)


def test_equal_outcomes_have_no_difference() -> None:
    assert first_difference(outcome("1"), outcome("1"), ("a", "b")) is None
