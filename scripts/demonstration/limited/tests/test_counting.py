"""Tests that import what is installed, which is one binary on every runtime."""

import limited
import pytest


@pytest.mark.parametrize(
    ("data", "counts"), [(b"", {}), (b"a", {97: 1}), (b"\x00\xff\x00", {0: 2, 255: 1})]
)
def test_tally_counts_each_byte(data, counts):
    assert limited.tally(data) == counts


def test_tally_takes_bytes_alone():
    with pytest.raises(TypeError):
        limited.tally("text")


def test_a_counter_grows():
    counter = limited.Counter()
    assert [counter.add(2), counter.add(3)] == [2, 5]


def test_a_counter_never_shrinks():
    with pytest.raises(ValueError, match="only grows"):
        limited.Counter().add(-1)


def test_the_binary_is_of_the_stable_abi():
    assert limited._counting.__file__.endswith("_counting.abi3.so")
