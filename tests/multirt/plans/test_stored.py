"""What is told of the plans that there are, and the command that tells it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from multirt.plans.question import ask
from multirt.plans.stored import clear_plans, stored_plans
from multirt.plans.writer import StartBy, write_plan
from tests.multirt.plans.conftest import resting_on

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import pytest

_START = StartBy(executable="/bin/echo", arguments=())


def _write(*words: str, rests_on: Path) -> Path:
    question = ask([*map(os.fsencode, words)], b"/", {})
    assert question is not None
    return write_plan(question, resting_on(rests_on), _START)


def test_plans_are_told_with_what_they_are_worth(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    multirt: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    own = {"MULTIRT_CACHE_DIR": str(tmp_path)}
    monkeypatch.setenv(*next(iter(own.items())))
    witness = tmp_path / "witness"
    witness.write_text("")
    _write("run", "-m", "json", rests_on=witness)
    damaged = _write("/damaged.py", rests_on=witness)
    damaged.write_bytes(b"nothing\0")
    found = {each.path: each for each in stored_plans(tmp_path, os.environb)}
    assert found.pop(damaged).question == ()
    (plan,) = found.values()
    assert (plan.question, plan.executable) == (("module=json", "cwd=/"), "/bin/echo")
    assert plan.refused is None
    witness.write_text("changed")
    told = json.loads(multirt("cache", "plans", "--json", **own).stdout)["plans"]
    assert len(told) == 2
    assert all("plan refused" in each["refused"] for each in told)
    assert "module=json" in multirt("cache", "plans", **own).stdout
    assert "and 2 plans" in multirt("cache", "clear", **own).stdout
    assert clear_plans(tmp_path) == 0
