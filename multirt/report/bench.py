"""What `bench` prints: text, and JSON."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import to_builtins
from rich.table import Table

from multirt.report.json_parts import SCHEMA, Document, ratio_document
from multirt.report.terminal import open_console, text
from multirt.report.units import duration, interval, plot, spark, write_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from multirt.experiments.bench_model import Bench, BenchRecord, Measurement
    from multirt.experiments.pyperformance_suite import SuiteRun
    from multirt.experiments.regression import RuntimeChange
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
    for index, each in enumerate(ordered):
        text = _clause(each, reference, full=index == 0)
        parts.append(f"{each.contender.id} {text}")
    threads = f"with {_threads(reference.threads)} " if reference.threads is not None else ""
    return "; ".join([f"{threads}{parts[0]}", *parts[1:], *scaled])


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


def bench_document(bench: Bench, changes: Sequence[RuntimeChange] | None) -> Document:
    """Return what `bench --json` prints; times are in seconds, sizes in bytes."""
    return {
        **SCHEMA,
        "program": bench.program,
        "arguments": list(bench.arguments),
        "content": bench.content,
        "reference": bench.reference.contender.id,
        "checked": bench.checked,
        "runtimes": [_measured(bench, each) for each in bench.measured],
        "excluded": [{"runtime": each.id, "reason": each.reason} for each in bench.excluded],
        "sentence": summarize(bench),
        "notes": list(notes(bench)),
        "changes": _changes(changes),
    }


def _changes(changes: Sequence[RuntimeChange] | None) -> list[Document] | None:
    """Return what changed; None when that was not asked."""
    if changes is None:
        return None
    return [{**to_builtins(each), "regressed": each.regressed} for each in changes]


def _measured(bench: Bench, measured: Measurement) -> Document:
    """Return one contender."""
    base = bench.base(measured)
    curve = measured.curve
    return {
        "runtime": measured.contender.id,
        "threads": measured.threads,
        "median": measured.median,
        "spread": measured.spread,
        "rounds": [list(each) for each in measured.rounds],
        "loops": measured.loops,
        "startup": measured.startup_median,
        "processor": list(measured.processor),
        "processor_startup": list(measured.idle),
        "memory": measured.memory,
        "ratio": None if measured is base else ratio_document(measured.ratio_to(base)),
        "same_output": True if bench.checked else None,
        "warnings": list(measured.warnings),
        "warm_up": None
        if curve is None
        else {
            "rounds": list(curve.seconds),
            "warm": curve.warm,
            "seconds": curve.warm_up,
            "trouble": curve.trouble,
        },
    }


def suite_document(runs: Sequence[SuiteRun]) -> Document:
    """Return what `bench --suite --json` prints."""
    reference = runs[0]
    return {
        **SCHEMA,
        "reference": reference.id,
        "runtimes": [
            {
                "runtime": run.id,
                "trouble": run.trouble,
                "mean_ratio": run.mean_ratio(reference),
                "benchmarks": {
                    name: {
                        "values": list(values),
                        "ratio": ratio_document(ratio)
                        if (ratio := run.ratio_to(reference, name)) is not None
                        else None,
                    }
                    for name, values in run.values.items()
                },
            }
            for run in runs
        ],
    }


def history_document(
    records: Sequence[BenchRecord], changes: Sequence[RuntimeChange] | None
) -> Document:
    """Return what `bench history --json` prints."""
    return {
        **SCHEMA,
        "changes": _changes(changes),
        "runs": [
            {
                "number": each.number,
                "session": each.session,
                "at": each.at.isoformat(),
                "program": each.program,
                "content": each.content,
                "arguments": list(each.arguments),
                "machine": each.machine,
                "runtime": each.runtime,
                "threads": each.threads,
                "same_output": True if each.checked else None,
                "median": each.median,
                "values": list(each.values),
                "processor": list(each.processor),
                "memory": each.memory,
            }
            for each in records
        ],
    }


HEADINGS = ("runtime", "median", "start-up", "processor", "ratio", "memory", "output")
_PLOT = 40  # columns
_NAME = 20  # columns that a name has before it is folded
_ANY = 10_000  # columns: more than any table has
_NOTES = 8
_SESSIONS = 60  # of a history; as many columns


def print_bench(bench: Bench) -> None:
    """Print the table, the intervals, warm-up and threads, and a sentence."""
    console = open_console()
    table = _table(bench)
    if console.measure(table, options=console.options.update(width=_ANY)).maximum > console.width:
        table = _table(bench, without="processor")
    console.print(table)
    if len(bench.measured) > 1:
        _print_plot(console, bench)
    _print_curves(console, bench.measured)
    if len({each.threads for each in bench.measured}) > 1:
        _print_threads(console, bench.measured)
    console.print(f"\n[bold]{text(summarize(bench))}[/]")
    shown = list(notes(bench))
    for note in shown[:_NOTES]:
        console.print(f"[yellow]note[/] {text(note)}")
    if len(shown) > _NOTES:
        console.print(f"[yellow]note[/] and {len(shown) - _NOTES} more (--json has all)")


def name_of(measured: Measurement) -> str:
    """Return who it is, with the threads."""
    return with_threads(measured.contender.id, measured.threads)


def with_threads(runtime: str, threads: int | None) -> str:
    """Return a runtime's name with the number of threads, where one was set."""
    return runtime if threads is None else f"{runtime} x{threads}"


def cells(bench: Bench, each: Measurement) -> tuple[str, ...]:
    """Return a row of the table, under `HEADINGS`."""
    base = bench.base(each)
    return (
        name_of(each),
        duration(each.median, each.spread),
        duration(each.startup_median),
        duration(each.processor_time) if each.processor_time is not None else "?",
        "reference" if each is base else interval(each.ratio_to(base)),
        write_size(each.memory) if each.memory is not None else "?",
        "same" if bench.checked else "not compared",
    )


def _table(bench: Bench, without: str | None = None) -> Table:
    """Return a row for each, those without a speed last.

    Args:
        bench: what was measured.
        without: the heading of a column that the terminal has no space for; None for none.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = [index for index, heading in enumerate(HEADINGS) if heading != without]
    names = [*map(name_of, bench.measured), *(each.id for each in bench.excluded)]
    for heading in (HEADINGS[index] for index in shown):
        # Where the terminal is narrow, reasons are folded, then long names, and no figure is cut.
        table.add_column(
            heading,
            no_wrap=heading not in ("runtime", "output"),
            overflow="fold",
            min_width=min(max(map(len, names)), _NAME) if heading == "runtime" else None,
        )
    for each in bench.measured:
        row = cells(bench, each)
        table.add_row(*(text(row[index]) for index in shown))
    for other in bench.excluded:
        dashes = "-" * (len(shown) - 2)
        table.add_row(text(other.id), *dashes, f"[red]{text(other.reason)}[/]")
    return table


def _print_plot(console: Console, bench: Bench) -> None:
    """Print the intervals on one scale: right of the line is faster."""
    bases = [(each, bench.base(each)) for each in bench.measured]
    ratios = [None if each is base else each.ratio_to(base) for each, base in bases]
    names = [name_of(each) for each in bench.measured]
    wide = max(map(len, names))
    console.print()
    for name, line in zip([*names, ""], plot(ratios, _PLOT), strict=True):
        console.print(f"{text(name.ljust(wide))}  {line}", style="cyan", soft_wrap=True)


def _print_curves(console: Console, measured: Sequence[Measurement]) -> None:
    """Print the rounds in one process of those with a compiler."""
    curves = [(name_of(each), each.curve) for each in measured if each.curve is not None]
    if not any(curve.seconds for _, curve in curves):
        return
    console.print("\nrounds in one process, the first is cold:")
    wide = max(len(name) for name, _ in curves)
    long = max(len(curve.seconds) for _, curve in curves)
    for name, curve in curves:
        if curve.seconds:
            ends = f"{duration(curve.seconds[0])} to {duration(curve.warm or curve.seconds[0])}"
            line = spark(curve.seconds).ljust(long)
            console.print(f"{text(name.ljust(wide))}  {line}  {ends}", soft_wrap=True)


def _print_threads(console: Console, measured: Sequence[Measurement]) -> None:
    """Print how each runtime scales."""
    console.print("\nspeed-up over its own run with the fewest threads:")
    for name in dict.fromkeys(each.contender.id for each in measured):
        own = [each for each in measured if each.contender.id == name]
        parts = [f"{each.threads}: {interval(each.ratio_to(own[0]))}" for each in own[1:]]
        console.print(f"{text(name)}  {'  '.join(parts)}", soft_wrap=True)


def print_changes(changes: Sequence[RuntimeChange], reference: str) -> None:
    """Print what became slower or faster since."""
    console = open_console()
    if not changes:
        console.print(f"\nsince {text(reference)}: nothing earlier to compare with")
        return
    console.print(f"\nsince {text(reference)}:")
    for each in changes:
        style = "red" if each.regressed else "dim"
        drift = f", the machine {each.drift:.2f}x as slow" if abs(each.drift - 1) > 0.1 else ""  # noqa: PLR2004 - a tenth is worth a word
        times = f"{duration(each.before)} to {duration(each.after)}"
        name = text(with_threads(each.runtime, each.threads))
        console.print(f"  {name}  {times}{drift}: [{style}]{_change(each)}[/]", soft_wrap=True)


def _change(change: RuntimeChange) -> str:
    """Say what a change is, and by which times on a busy machine."""
    if change.steady or change.processor is None:
        slower = f"regression: {change.ratio:.2f}x slower"
        return slower if change.regressed else "no change beyond noise"
    times = f"{change.processor:.2f}x the processor time, and the machine was busy"
    return f"{'regression' if change.regressed else 'no change beyond noise'}: {times}"


def print_history(records: Sequence[BenchRecord]) -> None:
    """Print a program's runs, one line of blocks for each runtime."""
    console = open_console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "when", "runtime", "median", "content", "output"):
        table.add_column(heading, no_wrap=True)
    for each in records:
        table.add_row(
            str(each.number),
            f"{each.at:%Y-%m-%d %H:%M}",
            text(with_threads(each.runtime, each.threads)),
            duration(each.median),
            each.content[:8],
            "same" if each.checked else "not compared",
        )
    console.print(table)
    console.print()
    for line in _over_time(records):
        console.print(text(line), soft_wrap=True)


def _over_time(records: Sequence[BenchRecord]) -> Iterator[str]:
    """Yield a line of blocks for each runtime; what was measured in turns stands in one column."""
    sessions = list(dict.fromkeys(each.session for each in records))[-_SESSIONS:]
    lanes: dict[tuple[str, ...], dict[str, float]] = {}
    for each in records:
        if each.session in sessions:
            name = (with_threads(each.runtime, each.threads), *each.arguments)
            lanes.setdefault(name, {})[each.session] = each.median
    wide = max(len(" ".join(name)) for name in lanes)
    for name, medians in lanes.items():
        drawn = spark([medians.get(each) for each in sessions])
        first, *_, last = (*medians.values(), *medians.values())
        yield f"{' '.join(name).ljust(wide)}  {drawn}  {duration(first)} to {duration(last)}"


def print_programs(records: Sequence[BenchRecord]) -> None:
    """Print which programs there are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("program", "runs", "runtimes", "last"):
        table.add_column(heading, overflow="fold")
    for program in dict.fromkeys(each.program for each in records):
        own = [each for each in records if each.program == program]
        runtimes = len({each.runtime for each in own})
        name = Path(program)
        last = f"{own[-1].at:%Y-%m-%d %H:%M}"
        table.add_row(text(name), str(len(own)), str(runtimes), last)
    open_console().print(table)


def print_suite(runs: Sequence[SuiteRun]) -> None:
    """Print a row for each benchmark, a column for each runtime, the first the reference."""
    console = open_console()
    reference, others = runs[0], runs[1:]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("benchmark", *(each.id for each in runs)):
        table.add_column(text(heading), overflow="fold")  # who is meant must not be cut
    for name in dict.fromkeys(name for each in runs for name in each.values):
        cells = [_time(reference, name), *(_cell(each, reference, name) for each in others)]
        table.add_row(text(name), *cells)
    means = [each.mean_ratio(reference) for each in others]
    if any(means) and len(reference.values) > 1:
        shown = [f"{each:.2f}x" if each is not None else "-" for each in means]
        table.add_row("[bold]geometric mean[/]", "reference", *shown)
    console.print(table)
    for each in runs:
        if each.trouble is not None:
            console.print(f"[yellow]note[/] {text(each.id)}: {text(each.trouble)}", soft_wrap=True)


def _cell(run: SuiteRun, reference: SuiteRun, benchmark: str) -> str:
    """Return the ratio to the reference, the time where that has none."""
    ratio = run.ratio_to(reference, benchmark)
    return interval(ratio) if ratio is not None else _time(run, benchmark)


def _time(run: SuiteRun, benchmark: str) -> str:
    values = run.values.get(benchmark)
    return duration(median(values)) if values else "-"
