"""What the history says of the fastest runtime."""

from __future__ import annotations

from multirt.experiments.history import compare_times
from tests.factories.records import record

USUAL, OTHER = "cpython-3.13.0", "pypy-3.11.11"
BOTH = {USUAL: f"/opt/{USUAL}", OTHER: f"/opt/{OTHER}"}


def test_the_newest_session_with_the_usual_choice_counts() -> None:
    records = [
        record(USUAL, 1.0),
        record(OTHER, 2.0),
        record(USUAL, 1.0, day=1),
        record(OTHER, 0.25, day=1),
        record(OTHER, 0.1, day=2),
    ]
    (found,) = compare_times(records, "c1", USUAL, BOTH)
    assert (found.runtime, round(found.ratio.estimate, 6)) == (OTHER, 4)
    assert found.at.day == 2
    assert found.beats(0.1)


def test_what_is_not_allowed_not_checked_or_of_another_content_does_not_count() -> None:
    measured = [record(USUAL, 1.0), record(OTHER, 0.25)]
    assert compare_times(measured, "c1", USUAL, {USUAL: BOTH[USUAL]}) == ()
    assert compare_times(measured, "c2", USUAL, BOTH) == ()
    moved = {**BOTH, OTHER: "/opt/another"}
    assert compare_times(measured, "c1", USUAL, moved) == ()
    unchecked = [record(USUAL, 1.0), record(OTHER, 0.25, checked=False)]
    assert compare_times(unchecked, "c1", USUAL, BOTH) == ()


def test_a_small_or_uncertain_gain_does_not_beat() -> None:
    (small,) = compare_times([record(USUAL, 1.05), record(OTHER, 1.0)], "c1", USUAL, BOTH)
    assert small.ratio.significant
    assert not small.beats(0.1)
    assert small.beats(0.02)
    wild = (0.2, 3, 0.3, 4, 0.5, 1, 2, 0.1, 5, 1)
    (noisy,) = compare_times(
        [record(USUAL, 1.0), record(OTHER, 0.5, wobble=wild)], "c1", USUAL, BOTH
    )
    assert not noisy.beats(0.1)
