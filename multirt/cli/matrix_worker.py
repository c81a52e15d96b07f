"""What the workers of a cluster are asked: the door by which cells of a matrix come in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import multirt
from multirt.cli.context import cache_dir, search
from multirt.environments.abi_target import prospect_of
from multirt.matrix.remote_worker import OfferedRuntime, Worker, resolve_on_worker, test_on_worker
from runtimes import discover

if TYPE_CHECKING:
    from multirt.environments import Resolution
    from multirt.matrix.model import CellReport
    from multirt.matrix.remote_worker import CellJob


def describe(name: str) -> OfferedRuntime | None:
    """Return the runtime of this machine that a resource stands for, None when none does."""
    for runtime in discover(search()).runtimes:
        if runtime.id == name:
            return OfferedRuntime(
                version=multirt.__version__,
                runtime=runtime,
                prospect=prospect_of(runtime, os.environ),
            )
    return None


def resolve(job: CellJob) -> Resolution | CellReport:
    """Return what a cell's environment holds, or why there can be none."""
    return resolve_on_worker(job, _worker())


def test(job: CellJob) -> CellReport:
    """Test a cell."""
    return test_on_worker(job, _worker())


def _worker() -> Worker:
    return Worker(runtimes=discover(search()).runtimes, cache_dir=cache_dir(), env=dict(os.environ))
