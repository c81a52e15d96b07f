"""Records of measurements that were never made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from multirt.experiments.bench_model import BenchRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
WOBBLE = (1.0, 1.01, 0.99, 1.005, 0.995, 1.02, 0.98, 1.0, 1.01, 0.99)


def record(  # noqa: PLR0913 - each test names what it is about
    runtime: str = "cpython-3.13.0",
    seconds: float = 1.0,
    *,
    day: int = 0,
    content: str = "c1",
    startup: float = 0.02,
    checked: bool = True,
    wobble: Sequence[float] = WOBBLE,
) -> BenchRecord:
    """Return a record around a time, all of one day in one session."""
    return BenchRecord(
        session=f"s{day}",
        at=DAY + timedelta(days=day),
        program="/somewhere/tool.py",
        content=content,
        arguments=(),
        machine="m",
        runtime=runtime,
        executable=f"/opt/{runtime}",
        checked=checked,
        rounds=tuple((seconds * each,) for each in wobble),
        startup=tuple(startup * each for each in wobble),
        memory=10_000_000,
        threads=None,
        document="{}",
    )
