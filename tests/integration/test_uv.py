"""uv is found, also by many threads at once."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own, for it forgets what sysconfig knows, as at the first use.
_AT_ONCE = """
import os, sys, sysconfig
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from multirt.environments import find_uv

sys.prefix = sys.base_prefix  # as outside of an environment, where its package is asked
sys.setswitchinterval(1e-6)
found = set()
for _ in range(10):
    sysconfig._CONFIG_VARS = None
    sysconfig._CONFIG_VARS_INITIALIZED = False
    together = Barrier(4)
    with ThreadPoolExecutor(max_workers=4) as pool:
        found |= set(pool.map(lambda _: (together.wait(), find_uv(os.environ))[1], range(4)))
print(len(found))
"""


def test_threads_find_it_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _AT_ONCE], check=False, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("1\n", "")
