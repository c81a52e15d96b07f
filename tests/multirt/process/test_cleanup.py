"""What a process leaves behind is cleared away by one watchdog."""

from __future__ import annotations

import subprocess
import sys

_THREADS = """
from threading import Barrier, Thread
from multirt.process.cleanup import watchdog

barrier, sockets = Barrier(8), []

def start():
    barrier.wait()
    sockets.append(watchdog())

threads = [Thread(target=start) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len({each.fileno() for each in sockets}))
"""


def test_threads_that_need_the_watchdog_at_once_share_one() -> None:
    command = [sys.executable, "-c", _THREADS]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"


_REGISTERED = """
import subprocess, sys, time
from multirt.process.cleanup import registration

program = "import time; print('here', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", program], preexec_fn=registration())
time.sleep(600)
"""


def test_a_child_that_registered_itself_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", _REGISTERED]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"here\n"
        parent.kill()
        assert parent.stdout.read() == b""  # it would block while the child lives
