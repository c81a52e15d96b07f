"""Amounts of time and of bytes, as people write them."""

from __future__ import annotations

import doctest

import pytest

from multirt.errors import MultirtError
from multirt.report import units as quantities
from multirt.report.units import read_duration, read_size, write_age, write_size


def test_the_examples_hold() -> None:
    assert doctest.testmod(quantities) == doctest.TestResults(failed=0, attempted=5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("0s", 0, id="none"),
        pytest.param("90m", 5400, id="minutes"),
        pytest.param(" 1.5H ", 5400, id="fraction"),
        pytest.param("2w", 1_209_600, id="weeks"),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "-1d", "1y", "d", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(MultirtError, match="not an amount of time"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("0", 0, id="none"),
        pytest.param("12", 12, id="bytes"),
        pytest.param("3 kB", 3000, id="space"),
        pytest.param("2g", 2_000_000_000, id="short"),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert read_size(text) == count


@pytest.mark.parametrize("text", ["", "-1", "1PB", "MB", "1 2"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(MultirtError, match="not a size"):
        read_size(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (45_600, "46 kB"), (7_000_000_000, "7.0 GB")],
)
def test_writes_sizes(count: int, text: str) -> None:
    assert write_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "just now"),
        (3600, "1 hour ago"),
        (100_000, "27 hours ago"),
        (172_800, "2 days ago"),
    ],
)
def test_writes_ages(seconds: float, text: str) -> None:
    assert write_age(seconds) == text
