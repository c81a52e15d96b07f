"""Tell which levels of x86-64 the processor of this machine has.

Source: the x86-64 psABI, "Micro-Architecture Levels", by the names of Linux's `/proc/cpuinfo`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

_INFORMATION: Final = Path("/proc/cpuinfo")
_LEVELS: Final = (
    frozenset({"cmov", "cx8", "fpu", "fxsr", "mmx", "sse", "sse2"}),
    frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}),
    frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}),
    frozenset({"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}),
)


@functools.cache
def level() -> int | None:
    """Return the greatest level, 1 to 4; None where the processor is no x86-64 or does not say."""
    try:
        text = _INFORMATION.read_text("utf-8", "replace")
    except OSError:
        return None
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return level_of(frozenset(line.partition(":")[2].split()))


def level_of(flags: frozenset[str]) -> int | None:
    """Return the level of a processor with some flags; None where it has not even the first."""
    found = 0
    for needed in _LEVELS:
        if not needed <= flags:
            break
        found += 1
    return found or None
