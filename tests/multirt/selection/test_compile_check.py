"""A runtime is asked in a child, and what that leaves behind holds nobody up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from multirt.selection.compile_check import query_runtime
from tests.factories.runtimes import described
from tests.runtimes.conftest import ME, make_script

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    runtime = described("3.11.7", executable=str(ME))
    replies = query_runtime(
        runtime, [], ["json", "nowhere"], cache_dir=tmp_path, env=dict(os.environ)
    )
    assert (replies.missing, replies.complete) == (frozenset({"nowhere"}), True)


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_what_it_leaves_behind_holds_nobody_up(tmp_path: Path) -> None:
    """Who waits for the end of its output waits as long as somebody else keeps that open."""
    code = f'#!/bin/sh\nsleep 99 &\nexec "{ME}" "$@"\n'
    runtime = described("3.11.7", executable=str(make_script(tmp_path / "python3", code)))
    replies = query_runtime(runtime, [], ["nowhere"], cache_dir=tmp_path, env=dict(os.environ))
    assert (replies.missing, replies.complete) == (frozenset({"nowhere"}), True)
