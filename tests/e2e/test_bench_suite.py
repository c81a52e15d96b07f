"""pyperformance on several runtimes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multirt.experiments.pyperformance_suite import SuiteRun
from multirt.report.bench import print_suite
from tests.factories.records import WOBBLE
from tests.interpreters import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command, Require

V312 = release("3.12")


def run(name: str, **seconds: float) -> SuiteRun:
    """Return a run of a suite around some times."""
    values = {bench: tuple(each * part for part in WOBBLE) for bench, each in seconds.items()}
    return SuiteRun(id=name, values=values)


def test_ratios_are_of_what_ran_on_both() -> None:
    reference, other = run("a", fast=1.0, slow=1.0, gone=1.0), run("b", fast=0.25, slow=4.0)
    fast = other.ratio_to(reference, "fast")
    assert fast is not None
    assert (round(fast.estimate, 6), fast.significant) == (4, True)
    assert other.ratio_to(reference, "gone") is None
    assert other.mean_ratio(reference) == pytest.approx(1)
    assert run("c").mean_ratio(reference) is None


def test_whatever_ran_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_suite([run("a"), run("b", nbody=0.25)])
    assert "nbody      -  250 ms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        pytest.param(("--suite", "speedometer"), "no such suite: 'speedometer'", id="another"),
        pytest.param(("--suite", "pyperformance", "--suite-pace", "wild"), "wild", id="pace"),
        pytest.param(("--suite", "pyperformance", "tool.py"), "its own programs", id="a program"),
        pytest.param(("--suite", "pyperformance", "--rounds", "3"), "its own", id="an option"),
        pytest.param(("--suite-pace", "fast", "-c", ""), "goes with --suite", id="no suite"),
    ],
)
def test_a_suite_that_means_nothing_is_reported(
    multirt: Command, arguments: tuple[str, ...], args: str
) -> None:
    done = multirt("bench", *arguments)
    assert args in done.stderr
    assert done.returncode == 2


def test_a_profile_that_the_suite_cannot_have_is_reported(
    multirt: Command, require: Require
) -> None:
    done = multirt("bench", "--python", f"{require('3.12')}+O", "--suite", "pyperformance:nbody")
    assert "the suite cannot be started as +O" in " ".join(done.stdout.split())
    assert done.returncode == 125


@pytest.mark.network
@pytest.mark.timeout(900)  # it installs, and compiles psutil for PyPy
@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        pytest.param("3.12", f"cpython-{V312}", id="3.12"),
        pytest.param("pypy3.11", "pypy-3.11.11", id="one that has no pip to install"),
    ],
)
def test_a_benchmark_of_the_suite_runs(
    multirt: Command, tmp_path: Path, require: Require, name: str, runtime: str
) -> None:
    args = ("--suite", "pyperformance:nbody", "--suite-pace", "single", "--output", "out")
    done = multirt("bench", "--python", str(require(name)), *args, "--json")
    (measured,) = json.loads(done.stdout)["runtimes"]
    assert (measured["runtime"], measured["trouble"]) == (runtime, None)
    assert len(measured["benchmarks"]["nbody"]["values"]) == 1
    assert (tmp_path / "out" / f"{runtime}.json").exists()
