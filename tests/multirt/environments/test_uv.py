"""uv is found, also by many threads at once, and its words are shortened."""

from __future__ import annotations

import subprocess
import sys

import pytest

from multirt.environments.uv import shorten

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


_HEAD = "error: No solution found when resolving dependencies:\n  cause: "


@pytest.mark.parametrize(
    ("story", "heart"),
    [
        pytest.param(
            "Because x was not found in the package registry and you require x, we can conclude"
            " that your requirements are unsatisfiable.",
            "x was not found in the package registry and you require x",
            id="one step",
        ),
        pytest.param(
            "Because flask>=3.0.0 depends on click>=8.1.3 and you require click<7, we can"
            " conclude that your requirements and flask>=3.0.0 are incompatible.\n"
            "  And because you require flask>=3, we can conclude that your requirements are"
            " unsatisfiable.",
            "flask>=3.0.0 depends on click>=8.1.3 and you require click<7, and you require"
            " flask>=3",
            id="what stands in the way is named",
        ),
        pytest.param(
            "Because only b==1 is available and b==1 depends on c, we can conclude that all"
            " versions of b depend on c. And because c has no wheels, we can conclude that it is"
            " so.",
            "all versions of b depend on c, and c has no wheels",
            id="conclusion of the step before",
        ),
        pytest.param(
            "Because the current Python version (3.8.18) does not satisfy Python>=3.9 and"
            " pytest>=8.4.0,<=8.4.2 depends on Python>=3.9, we can conclude that"
            " pytest>=8.4.0,<=8.4.2 cannot be used.\n And because only pytest<=8.4.2 is available,"
            " we can conclude that pytest>=8.4.0 cannot be used.\n And because you require"
            " pytest>=8.4, we can conclude that your requirements are unsatisfiable.",
            "pytest>=8.4.0,<=8.4.2 needs Python>=3.9, this is 3.8.18: pytest>=8.4.0 cannot be"
            " used, and you require pytest>=8.4",
            id="another Python",
        ),
    ],
)
def test_the_heart_of_a_story(story: str, heart: str) -> None:
    assert shorten(_HEAD + story) == heart
