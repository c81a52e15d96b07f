"""A real Dask cluster on loopback: a scheduler and the workers that a test starts, and kills."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false"}


class LocalCluster(Struct, frozen=True, kw_only=True):
    """A scheduler, and what starts workers for it.

    Attributes:
        address: HOST:PORT.
        scheduler: its process.
        folder: for logs and what workers keep.
        stack: ends what was started.
    """

    address: str
    scheduler: int
    folder: Path
    stack: ExitStack

    def worker(self, *options: str, **variables: str) -> int:
        """Start a worker with variables of its own; return its process when it is ready."""
        args = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1")
        arguments = (f"tcp://{self.address}", *args, "--local-directory", str(self.folder))
        ready = "(Starting established connection)"
        started = _started(
            "dask_worker", *arguments, *options, folder=self.folder, ready=ready, **variables
        )
        return self.stack.enter_context(started)[0]


@contextmanager
def local_cluster(folder: Path) -> Iterator[LocalCluster]:
    """Start a scheduler; all that belongs to it ends with the context."""
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    ready = r"Scheduler at:\s+tcp://(127\.0\.0\.1:\d+)"
    with ExitStack() as stack:
        started = _started("dask_scheduler", *options, folder=folder, ready=ready)
        pid, address = stack.enter_context(started)
        yield LocalCluster(address=address, scheduler=pid, folder=folder, stack=stack)


@contextmanager
def _started(
    module: str, *arguments: str, folder: Path, ready: str, **variables: str
) -> Iterator[tuple[int, str]]:
    """Start a part of a cluster; yield its process and what it said when it was ready."""
    log = folder / f"{len(list(folder.glob('*.log')))}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            stdout=stream,
            stderr=stream,
            cwd=folder,
            env={**os.environ, **_QUIET, **variables},
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(ready, log.read_text(errors="replace"))):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            os.sched_yield()
        yield process.pid, found[1]
    finally:
        process.kill()
        process.wait()
