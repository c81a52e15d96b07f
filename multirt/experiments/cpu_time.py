"""Measure the processor time of one start: a busy machine lengthens it far less than the wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multirt.experiments.trial import RunSpec, run_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multirt.experiments.pyperf_runner import PyperfTask


def processor_time(task: PyperfTask, starts: int) -> float:
    """Return the seconds that a start and all that it waits for spend on processors.

    pyperf measures from start to end, which on a machine that does other work says more of that.

    Args:
        task: what is started.
        starts: how often; it is the mean of them.
    """
    start = RunSpec(
        command=task.command,
        environment=task.environment,
        folder=task.folder,
        room=task.folder,
        input=None,
        seconds=task.seconds,
        substitutions=(),
        silent=True,  # as pyperf does: to write costs time, and here more than there
    )
    return sum(run_once(start).processor_seconds for _ in range(starts)) / starts


def lower_half(times: Sequence[float]) -> Sequence[float]:
    """Return the quicker half of processor times, sorted: other work only adds to them."""
    return sorted(each for each in times if each > 0)[: (len(times) + 1) // 2]
