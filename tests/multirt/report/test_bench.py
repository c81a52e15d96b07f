"""What is claimed of a measurement, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.experiments.bench_model import Bench, Measurement, WarmupCurve
from multirt.experiments.variants import Variant
from multirt.report.bench import notes, print_bench, summarize
from multirt.selection.model import Plan
from runtimes import Jit
from tests.factories.outcomes import runtime
from tests.factories.records import WOBBLE

if TYPE_CHECKING:
    from collections.abc import Sequence


def measured(
    name: str,
    seconds: float,
    wobble: Sequence[float] = WOBBLE,
    curve: WarmupCurve | None = None,
    startup: float = 0.02,
) -> Measurement:
    """Return a contender around a time."""
    where = runtime(name, jit=Jit.ON if name.startswith("pypy") else None)
    plan = Plan(runtime=where, executable=where.executable, arguments=("/somewhere/tool.py",))
    return Measurement(
        contender=Variant(id=name, runtime=where, profile=None, plan=plan),
        threads=None,
        rounds=tuple((seconds * each,) for each in wobble),
        startup=tuple(startup * each for each in wobble),
        loops=1,
        memory=None,
        warnings=(),
        document="{}",
        curve=curve,
    )


def bench(
    *others: Measurement, reference: Measurement | None = None, checked: bool = True
) -> Bench:
    """Return a measurement next to a reference of one second."""
    first = reference or measured("cpython-3.13.0", 1.0)
    return Bench(
        program="/somewhere/tool.py",
        arguments=(),
        content="c1",
        measured=(first, *others),
        excluded=(),
        checked=checked,
    )


WILD = (0.2, 3, 0.3, 4, 0.5, 1, 2, 0.1, 5, 1)


@pytest.mark.parametrize(
    ("other", "text"),
    [
        pytest.param(
            measured("pypy-3.11.11", 0.25),
            "pypy-3.11.11 is 4.00x faster than cpython-3.13.0 on this program",
            id="faster",
        ),
        pytest.param(measured("pypy-3.11.11", 2.0), "is 2.00x slower than", id="slower"),
        pytest.param(
            measured("cpython-3.12.1", 1.0, WOBBLE[::-1]), "1.00x, within noise", id="equal"
        ),
        pytest.param(measured("cpython-3.12.1", 1.0, WILD), "x, too noisy to tell", id="noisy"),
        pytest.param(
            measured("cpython-3.12.1", 0.5, WOBBLE[:3]), "2.00x, of too few rounds", id="few"
        ),
    ],
)
def test_a_claim_is_as_strong_as_its_interval(other: Measurement, text: str) -> None:
    assert text in summarize(bench(other))


@pytest.mark.parametrize(
    ("usual", "text"),
    [
        pytest.param(0.8, "8.0x once warm after 0.7 s of warm-up", id="faster"),
        pytest.param(0.0045, "0.045x once warm after 0.7 s of warm-up", id="far-slower"),
    ],
)
def test_the_warm_up_is_reported_of_a_compiler(usual: float, text: str) -> None:
    warm = measured("pypy-3.11.11", 0.5, curve=WarmupCurve(seconds=(0.4, 0.3, 0.1, 0.1, 0.1, 0.1)))
    cold = measured("cpython-3.13.0", 1.0, curve=WarmupCurve(seconds=(usual,) * 4))
    assert text in summarize(bench(warm, reference=cold))


def test_the_fastest_comes_first() -> None:
    printed = summarize(bench(measured("cpython-3.12.1", 0.8), measured("pypy-3.11.11", 0.2)))
    assert printed.index("pypy") < printed.index("cpython-3.12.1")


def test_threads_are_reported_with_what_they_are_good_for() -> None:
    one, four = (
        replace(measured("cpython-3.13.5t", seconds), threads=number)
        for seconds, number in ((1.0, 1), (0.5, 4))
    )
    printed = summarize(bench(four, reference=one))
    assert printed == "cpython-3.13.5t (4 threads beside 1) is 2.00x faster (2.00 to 2.00)"
    held = [replace(measured("cpython-3.13.0", 1.0), threads=number) for number in (1, 4)]
    printed = summarize(bench(held[0], four, held[1], reference=one))
    assert printed.startswith(
        "with 1 thread cpython-3.13.0 1.00x, within noise; cpython-3.13.5t (4"
    )
    assert printed.endswith("cpython-3.13.0 (4 threads beside 1) 1.00x, within noise")


def test_one_alone_is_compared_with_nothing() -> None:
    assert "nothing to compare with" in summarize(bench())


def test_what_must_be_known_is_noted() -> None:
    short = measured("cpython-3.13.0", 0.025, startup=0.02)
    printed = "\n".join(notes(bench(reference=short, checked=False)))
    assert "takes 25.0 ms, an empty program's 20.0 ms" in printed
    assert "outputs were not compared" in printed
    broken = measured("pypy-3.11.11", 0.5, curve=WarmupCurve(seconds=(0.4,), trouble="exit code 1"))
    assert "cannot run it again in one process: exit code 1" in "\n".join(notes(bench(broken)))


def test_names_stay_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ("cpython-3.13.5t x1", "cpython-3.13.0 x1")
    times = [measured(name.removesuffix(" x1"), 1.0) for name in names]
    times = [replace(each, threads=1, processor=(0.9,) * 10) for each in times]
    print_bench(bench(*times, checked=False))
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in names)
    assert "processor" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    monkeypatch.setenv("COLUMNS", "120")
    print_bench(bench(*times))
    assert "processor" in capsys.readouterr().out
