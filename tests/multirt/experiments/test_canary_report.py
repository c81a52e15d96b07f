"""Turns, and what starts amount to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multirt.experiments.canary_report import (
    CanaryHistory,
    CanaryPair,
    RunRecord,
    RunResult,
    RunRole,
    is_crash,
    report_on,
    uses_canary,
)

TRIAL = CanaryPair(program="/somewhere/tool.py", usual="cpython-3.13.0", canary="cpython-3.15.0")
AT = datetime(2026, 11, 1, tzinfo=UTC)


@given(st.integers(min_value=0, max_value=100), st.integers(min_value=0, max_value=500))
def test_the_share_is_exact(percent: int, starts: int) -> None:
    turns = sum(uses_canary(number, percent) for number in range(1, starts + 1))
    assert turns == starts * percent // 100


@pytest.mark.parametrize(
    ("code", "crash"),
    [
        pytest.param(-11, True, id="SIGSEGV"),
        pytest.param(-6, True, id="SIGABRT"),
        pytest.param(-15, False, id="ended by others"),
        pytest.param(-9, False, id="killed by others"),
        pytest.param(1, False, id="an error"),
        pytest.param(139, False, id="a shell's word for one"),
        pytest.param(None, False, id="not started"),
    ],
)
def test_what_a_crash_is(code: int | None, *, crash: bool) -> None:
    assert is_crash(code) == crash


def started(role: RunRole, count: int, ending: RunResult | None) -> list[RunRecord]:
    """Return some starts that ended alike."""
    return [RunRecord(role=role, at=AT, ending=ending) for _ in range(count)]


def ended(code: int = 0, seconds: float = 1.0, difference: str | None = None) -> RunResult:
    """Return how a start ended."""
    return RunResult(exit_code=code, seconds=seconds, difference=difference)


@pytest.mark.parametrize(
    ("starts", "stopped", "text"),
    [
        pytest.param(started(RunRole.CANARY, 3, ended()), None, "go on: 3 of the 20", id="too few"),
        pytest.param(
            started(RunRole.CANARY, 20, ended()),
            None,
            "move to cpython-3.15.0: 20 starts",
            id="good",
        ),
        pytest.param(
            started(RunRole.CANARY, 20, ended(seconds=2.0)), None, "works, and is slower", id="slow"
        ),
        pytest.param(
            [*started(RunRole.CANARY, 20, ended()), *started(RunRole.CANARY, 1, ended(1))],
            None,
            "look first: 1 of 21 starts failed on cpython-3.15.0, 0 of 20",
            id="failures",
        ),
        pytest.param(
            [
                *started(RunRole.SHADOW, 20, ended(difference="")),
                *started(RunRole.SHADOW, 2, ended(difference="stdout\n-1\n+2")),
            ],
            None,
            "look first: 2 of 22 outputs differ",
            id="differences",
        ),
        pytest.param(
            started(RunRole.CANARY, 1, ended(-11)),
            "crashed by SIGSEGV",
            "stay with cpython-3.13.0: cpython-3.15.0 crashed by SIGSEGV",
            id="crash",
        ),
        pytest.param(
            started(RunRole.CANARY, 30, None), None, "go on: 0 of", id="never seen to end"
        ),
    ],
)
def test_a_recommendation_has_its_evidence(
    starts: list[RunRecord], stopped: str | None, text: str
) -> None:
    usual = started(RunRole.USUAL, 20, ended())
    report = report_on(CanaryHistory(trial=TRIAL, starts=(*usual, *starts), stopped=stopped))
    assert text in report.recommendation


def test_failures_are_compared_as_shares() -> None:
    flaky = [*started(RunRole.USUAL, 18, ended()), *started(RunRole.USUAL, 2, ended(1))]
    canary = [*started(RunRole.CANARY, 20, ended()), *started(RunRole.CANARY, 2, ended(1))]
    report = report_on(CanaryHistory(trial=TRIAL, starts=(*flaky, *canary)))
    assert (report.failed, report.usual_failed) == (2, 2)
    assert report.recommendation.startswith("move to")
