"""The history as people see it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from multirt.experiments.regression import changes
from multirt.report.bench import print_changes, print_history
from multirt.report.units import spark
from tests.factories.records import record


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        pytest.param((1.0, 0.5), "█▅", id="from zero up"),
        pytest.param((None, 1.0, None, 1.0), " █ █", id="columns without a value"),
    ],
)
def test_values_are_drawn(values: tuple[float | None, ...], drawn: str) -> None:
    assert spark(values) == drawn


def test_what_was_measured_in_turns_stands_in_one_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = [
        record("cpython-3.13.0", day=0),
        record("pypy-3.11.11", day=1, seconds=0.5),
        record("cpython-3.13.0", day=1),
        replace(record("cpython-3.13.0", day=2), threads=4),
    ]
    print_history([replace(each, number=index) for index, each in enumerate(records)])
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert lines == [
        "cpython-3.13.0     ██   1.00 s to 1.00 s",
        "pypy-3.11.11        █   500 ms to 500 ms",
        "cpython-3.13.0 x4    █  1.00 s to 1.00 s",
    ]


@pytest.mark.parametrize(
    ("wobble", "text"),
    [
        pytest.param((1.0, 1.01) * 5, "regression: 1.20x slower", id="steady"),
        pytest.param((1.0, 4.0) * 5, "regression: 1.20x the processor time", id="busy"),
    ],
)
def test_it_is_reported_by_which_times_a_change_was_judged(
    capsys: pytest.CaptureFixture[str], wobble: tuple[float, ...], text: str
) -> None:
    usual = replace(record(wobble=wobble), processor=(1.0, 1.01) * 5)
    slower = replace(record(seconds=1.2, day=1, wobble=wobble), processor=(1.2, 1.21) * 5)
    print_changes(changes([slower], [usual], 0.05), "recent")
    assert text in capsys.readouterr().out
