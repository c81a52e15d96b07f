"""A program that became slower, among runs of which none is quite like another."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.experiments.history import reference_records
from multirt.experiments.regression import changes
from tests.factories.records import record

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.experiments.bench_model import BenchRecord


def run_of(day: int, chance: random.Random, slower: float = 1.0) -> BenchRecord:
    """Return a run on a machine that is sometimes a tenth slower, with 2 % of noise."""
    drift = chance.choice([1.0, 1.05, 1.1])
    wobble = [chance.gauss(1, 0.02) for _ in range(10)]
    return record(
        seconds=slower * drift, day=day, startup=0.02 * drift, wobble=wobble, content=f"c{day}"
    )


@pytest.mark.parametrize("seed", range(10))
def test_ten_runs_and_a_planted_regression(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    runs = [run_of(day, chance) for day in range(10)]
    for index in range(2, 10):
        before = reference_records(runs[index : index + 1], runs[:index], "recent")
        (change,) = changes(runs[index : index + 1], before, 0.05)
        assert not change.regressed
    planted = run_of(10, chance, slower=1.2)
    before = reference_records([planted], runs, "recent")
    (change,) = changes([planted], before, 0.05)
    assert change.regressed


def busy_run_of(day: int, chance: random.Random, slower: float = 1.0) -> BenchRecord:
    """Return a run on a machine that does much else: as one was seen to be, with 18 processes."""
    wild = [chance.lognormvariate(1.6, 0.6) for _ in range(10)]
    found = record(seconds=slower, day=day, startup=chance.uniform(0.05, 0.15), wobble=wild)
    return replace(found, processor=busy_times(chance, slower))


def busy_times(chance: random.Random, slower: float) -> tuple[float, ...]:
    """Return processor times: never less than what it takes, and sometimes much more."""
    return tuple(slower * (1 + chance.expovariate(8)) for _ in range(10))


@pytest.mark.parametrize("seed", range(20))
def test_on_a_busy_machine_processor_time_decides(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    runs = [busy_run_of(day, chance) for day in range(10)]
    for index in range(2, 10):
        before = reference_records(runs[index : index + 1], runs[:index], "recent")
        (change,) = changes(runs[index : index + 1], before, 0.05)
        assert not change.regressed
    planted = busy_run_of(10, chance, slower=1.2)
    (change,) = changes([planted], reference_records([planted], runs, "recent"), 0.05)
    assert change.regressed


def test_processor_time_confirms_what_the_past_makes_doubtful() -> None:
    """As it was seen: a session of the past a sixth slower, and no sign of other work now."""
    past = [record(day=day, seconds=1.17 if day == 3 else 1.0) for day in range(5)]
    past = [replace(each, processor=(0.99, 1.0) * 5) for each in past]
    now = replace(record(day=9, seconds=1.16), processor=(1.19, 1.2) * 5)
    (change,) = changes([now], past, 0.05)
    assert (change.steady, change.regressed) == (True, True)
    (control,) = changes([replace(now, processor=(1.0, 1.01) * 5)], past, 0.05)
    assert (control.steady, control.regressed) == (True, False)


def test_more_processors_are_no_regression() -> None:
    quick = record(seconds=0.5, day=1, wobble=(0.8, 0.9, 1, 1.1, 1.2, 0.8, 0.9, 1, 1.1, 1.2))
    quick = replace(quick, processor=(2.0, 2.1) * 5)
    (change,) = changes([quick], [replace(record(), processor=(1.0, 1.1) * 5)], 0.05)
    assert (change.steady, change.processor_significant, change.regressed) == (False, True, False)


@pytest.mark.parametrize(
    ("seconds", "startup", "regressed"),
    [
        pytest.param(1.2, 0.02, True, id="slower"),
        pytest.param(1.03, 0.02, False, id="below the threshold"),
        pytest.param(1.2, 0.024, False, id="the machine is slower, not the program"),
        pytest.param(0.8, 0.02, False, id="faster"),
    ],
)
def test_what_a_regression_is(seconds: float, startup: float, *, regressed: bool) -> None:
    now = record(seconds=seconds, startup=startup, day=1)
    (change,) = changes([now], [record()], 0.05)
    assert change.regressed == regressed


def test_noise_is_no_regression() -> None:
    wild = (0.5, 2, 0.7, 3, 0.6, 1.4, 0.9, 2.2, 1, 1.1)
    (change,) = changes([record(seconds=1.2, day=1, wobble=wild)], [record(wobble=wild)], 0.05)
    assert not change.regressed


def test_only_the_same_question_is_compared() -> None:
    other = replace(record(), arguments=("-x",))
    assert changes([record(day=1)], [other, record("pypy-3.11.11")], 0.05) == ()


@pytest.mark.parametrize(
    ("reference", "days"),
    [
        pytest.param("recent", [2, 3, 4, 5, 6], id="recent"),
        pytest.param("previous", [6], id="previous"),
        pytest.param("first", [0], id="first"),
        pytest.param("best", [3], id="best"),
        pytest.param("3", [2], id="a number"),
    ],
)
def test_what_a_reference_means(reference: str, days: list[int]) -> None:
    runs = [
        replace(record(day=day, seconds=0.5 if day == 3 else 1.0), number=day + 1)
        for day in range(7)
    ]
    found = reference_records([record(day=9)], runs, reference)
    assert [int(each.session[1:]) for each in found] == days


def test_a_reference_that_means_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="no run 99"):
        reference_records([record()], [], "99")
    with pytest.raises(MultirtError, match="no such reference"):
        reference_records([record()], [], "yesterday")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(MultirtError, match="not a file of pyperf's"):
        reference_records([record()], [], str(tmp_path / "x.json"))
