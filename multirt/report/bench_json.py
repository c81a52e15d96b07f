"""What `bench --json` and `bench history --json` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import to_builtins

from multirt.experiments.bench_summary import notes, summarize
from multirt.report.json_parts import SCHEMA, Document, ratio_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.bench_model import Bench, Measurement
    from multirt.experiments.history_model import BenchRecord
    from multirt.experiments.pyperformance_suite import SuiteRun
    from multirt.experiments.regression import RuntimeChange


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
