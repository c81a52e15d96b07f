"""Many runtimes in few words."""

from __future__ import annotations

import pytest

from runtimes.ranges import runtime_ranges

ALL = (
    *(f"cpython-3.{minor}.{minor}" for minor in range(6, 16)),
    "cpython-3.11.2",
    *(f"cpython-3.{minor}.1d" for minor in (11, 13, 14, 15)),
    "cpython-3.13.5t",
    "cpython-3.14.8~2",
    "pypy-3.9.16",
    "pypy-3.11.11",
    "jython-2.7.3",
)


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        pytest.param(
            set(),
            "CPython 3.6 to 3.15, 3.11d to 3.15d, 3.13t, PyPy 3.9, 3.11, Jython",
            id="all",
        ),
        pytest.param(
            {"cpython-3.9.9", "pypy-3.9.16"},
            "CPython 3.6 to 3.8, 3.10 to 3.15, 3.11d to 3.15d, 3.13t, PyPy 3.11, Jython",
            id="gap",
        ),
        pytest.param(
            {"cpython-3.11.2"},
            "CPython 3.6 to 3.10, 3.11.11, 3.12 to 3.15, 3.11d to 3.15d, 3.13t, PyPy 3.9, 3.11,"
            " Jython",
            id="patch-releases-differ",
        ),
    ],
)
def test_versions_that_follow_each_other_are_a_range(left_out: set[str], expected: str) -> None:
    assert runtime_ranges([each for each in ALL if each not in left_out], ALL) == expected


def test_an_exact_range_names_only_versions_that_are_there() -> None:
    ids = [f"cpython-3.{minor}.1d" for minor in (11, 13, 14, 15)]
    assert runtime_ranges(ids, ids) == "CPython 3.11d to 3.15d"
    assert runtime_ranges(ids, ids, exact=True) == "CPython 3.11d, 3.13d to 3.15d"


def test_two_versions_are_no_range() -> None:
    assert runtime_ranges(ALL[:2], ALL) == "CPython 3.6, 3.7"


def test_described_runtimes_are_grouped_by_platform() -> None:
    described = [
        *(f"cpython-3.{minor}-win_amd64" for minor in (8, 9, 10)),
        "cpython-3.14t-manylinux_2_28_x86_64",
    ]
    assert runtime_ranges(described, described) == (
        "CPython 3.8 to 3.10 on win_amd64, CPython 3.14t on manylinux_2_28_x86_64"
    )


def test_an_id_of_another_kind_is_itself() -> None:
    assert runtime_ranges(["r", "cpython-3.12.1"], ["r", "cpython-3.12.1"]) == "CPython 3.12, r"
