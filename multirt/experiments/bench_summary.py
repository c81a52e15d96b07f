"""Say in words what was measured, and claim no more than that. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multirt.experiments.bench_model import Bench, Measurement
    from multirt.intervals import Ratio

_WIDE = 1.5  # upper end over lower end; then the machine says nothing
_WORTH_SAYING = 0.01  # seconds of warm-up


def summarize(bench: Bench) -> str:
    """Return what the other runtimes are to the reference, the fastest first."""
    reference = bench.reference
    others = [
        each
        for each in bench.measured
        if each is not reference and each.threads == reference.threads
    ]
    scaled = [_scaling(each, first) for each, first in _with_most_threads(bench.measured)]
    if not others:
        alone = f"only {reference.contender.id} was measured: there is nothing to compare with"
        return "; ".join(scaled) or alone
    ordered = sorted(others, key=lambda each: -each.ratio_to(reference).estimate)
    parts = []
    for place, each in enumerate(ordered):
        text = _clause(each, reference, full=place == 0)
        parts.append(f"{each.contender.id} {text}")
    beside = f"with {_threads(reference.threads)} " if reference.threads is not None else ""
    return "; ".join([f"{beside}{parts[0]}", *parts[1:], *scaled])


def _with_most_threads(
    measured: Sequence[Measurement],
) -> Iterator[tuple[Measurement, Measurement]]:
    """Yield each contender with its most threads, and itself with the first number of them."""
    for name in dict.fromkeys(each.contender.id for each in measured):
        own = [each for each in measured if each.contender.id == name]
        last = max(own, key=lambda each: each.threads or 0)
        if last is not own[0]:
            yield last, own[0]


def _scaling(last: Measurement, first: Measurement) -> str:
    """Return what more threads are good for."""
    name, before = last.contender.id, first.threads
    return f"{name} ({last.threads} threads beside {before}) {_clause(last, first)}"


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def speed(ratio: Ratio) -> str:
    """Return a ratio in words, `5.9x faster`, `1.2x slower`."""
    faster = ratio.estimate >= 1
    return (
        f"{ratio.estimate if faster else 1 / ratio.estimate:.2f}x {'fast' if faster else 'slow'}er"
    )


def _clause(measured: Measurement, reference: Measurement, *, full: bool = False) -> str:
    """Return what holds of one runtime."""
    ratio = measured.ratio_to(reference)
    if ratio.low is None or ratio.high is None:
        return f"{ratio.estimate:.2f}x, of too few rounds to claim anything"
    if not ratio.significant:
        noisy = ratio.high / ratio.low > _WIDE
        return f"{ratio.estimate:.2f}x, {'too noisy to tell' if noisy else 'within noise'}"
    of = f" than {reference.contender.id} on this program" if full else ""
    ends = sorted(
        (ratio.low, ratio.high) if ratio.estimate >= 1 else (1 / ratio.high, 1 / ratio.low)
    )
    return (
        f"is {speed(ratio)}{of} ({ends[0]:.2f} to {ends[1]:.2f}){_once_warm(measured, reference)}"
    )


def _once_warm(measured: Measurement, reference: Measurement) -> str:
    """Return what holds once it is warm, where that is known."""
    mine, theirs = measured.curve, reference.curve
    if mine is None or theirs is None or not mine.warm or not theirs.warm:
        return ""
    if not measured.contender.compiles or mine.warm_up is None:
        return ""
    after = f" after {mine.warm_up:.2g} s of warm-up" if mine.warm_up > _WORTH_SAYING else ""
    gain = theirs.warm / mine.warm
    return f", {gain:.1f}x once warm{after}" if gain >= 1 else f", {gain:.2g}x once warm{after}"


def notes(bench: Bench) -> Iterator[str]:
    """Yield what has to be known next to the figures."""
    if not bench.checked:
        yield "outputs were not compared (--no-check): a speed may be that of another result"
    reference = bench.reference
    if reference.mostly_startup:
        yield (
            f"too short to measure apart from the start-up: on {reference.contender.id} a start"
            f" takes {reference.median * 1e3:.1f} ms, an empty program's"
            f" {reference.startup_median * 1e3:.1f} ms"
        )
    for each in bench.measured:
        threads = f" with {_threads(each.threads)}" if each.threads is not None else ""
        if each.warnings:
            yield f"{each.contender.id}{threads} is unstable: {'; '.join(each.warnings)}"
        if each.curve is not None and each.curve.trouble is not None:
            yield f"{each.contender.id} cannot run it again in one process: {each.curve.trouble}"
