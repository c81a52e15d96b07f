"""Is another runtime faster? One program, measured with pyperf, in turns."""

from __future__ import annotations

from multirt.benchmarks.bench import Effort, bench
from multirt.benchmarks.model import Bench, Curve, Excluded, Measured
from multirt.benchmarks.pyperf import differ
from multirt.benchmarks.regression import Change, changes
from multirt.benchmarks.sentence import notes, sentence

__all__ = [
    "Bench",
    "Change",
    "Curve",
    "Effort",
    "Excluded",
    "Measured",
    "bench",
    "changes",
    "differ",
    "notes",
    "sentence",
]
