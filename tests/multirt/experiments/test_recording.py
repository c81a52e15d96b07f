"""A stream of any length, however it comes in."""

from __future__ import annotations

import pytest

from multirt.experiments.normalization import RULES
from multirt.experiments.trial import KEPT, StreamRecorder

SUBSTITUTIONS = tuple(each for rule in RULES for each in rule.substitutions)
LONG = "Traceback (most recent call last):\n  File x\nKeyError: 1\n" * 20_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LONG, id="rules over several lines"),
        pytest.param("0x7f3c52a0 " * 100_000, id="one long line"),
        pytest.param("short\n", id="short"),
    ],
)
def test_how_it_comes_in_does_not_matter(text: str) -> None:
    found = set()
    for step in (1000, 65_536, 262_143, len(text)):
        recording = StreamRecorder(SUBSTITUTIONS)
        for start in range(0, len(text), step):
            recording.feed(text[start : start + step].encode())
        found.add(recording.finish())
    assert len(found) == 1


def test_only_the_beginning_is_kept() -> None:
    recording = StreamRecorder(())
    for _ in range(3):
        recording.feed(b"y" * KEPT)
    found = recording.finish()
    assert (found.size, len(found.text), found.whole) == (3 * KEPT, KEPT, False)
