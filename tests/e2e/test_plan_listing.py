"""What is told of the plans that there are, and the command that tells it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from multirt.launch.plan_key import plan_query
from multirt.launch.plan_listing import clear_plans, refusal_text, stored_plans
from multirt.launch.plan_reader import FORMAT, plan_name
from multirt.launch.plan_writer import LaunchCommand, write_plan
from tests.multirt.launch.conftest import resting_on

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Command

_START = LaunchCommand(executable="/bin/echo", arguments=())


def _write(*arguments: str, rests_on: Path) -> Path:
    question = plan_query([*map(os.fsencode, arguments)], b"/", {})
    assert question is not None
    return write_plan(question, resting_on(rests_on), _START)


def test_plans_are_reported_with_what_they_are_worth(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    multirt: Command,
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
    (plan,) = (each for each in stored_plans(tmp_path, os.environb) if each.path != damaged)
    assert plan.refused == f"{witness} has changed, or is gone"
    shown = json.loads(multirt("cache", "plans", "--json", **own).stdout)["plans"]
    assert len(shown) == 2
    assert all(each["refused"] for each in shown)
    assert "module=json" in multirt("cache", "plans", **own).stdout
    assert "and 2 plans" in multirt("cache", "clear", **own).stdout
    assert clear_plans(tmp_path) == 0


@pytest.mark.parametrize(
    ("record", "printed"),
    [
        pytest.param(b"EPATH=/secret", "PATH differs now", id="variable"),
        pytest.param(b"EPYTHONPATH", "PYTHONPATH differs now", id="variable that was not set"),
        pytest.param(b"F1 2 3 4 5 /a b", "/a b has changed, or is gone", id="file"),
        pytest.param(b"L1 2 3 4 5 /l", "/l has changed, or is gone", id="link"),
        pytest.param(b"N1 2 3 4 5 6 /os/ /d e", "other names are in /d e", id="names"),
        pytest.param(b"A/x", "/x is there now", id="absent"),
        pytest.param(b"U.venv", ".venv is there now, in the current folder or above it", id="up"),
        pytest.param(b"B/site", "/site is gone", id="folder of many"),
        pytest.param(
            b"D1",
            "what an index said, or that a runtime did not answer, counts no longer",
            id="moment",
        ),
        pytest.param(b"?", "plan refused: it is damaged", id="unknown"),
    ],
)
def test_a_witness_is_reported_in_words(record: bytes, printed: str) -> None:
    assert refusal_text(record) == printed


def test_the_plan_of_another_version_is_reported(tmp_path: Path) -> None:
    key = b"multirt=0.0.1\0script=/tool.py\0"
    plan = tmp_path / "plans" / plan_name(key).decode()
    plan.parent.mkdir()
    plan.write_bytes(FORMAT + key + b"\0P/bin/echo\0G/bin/echo\0.\0")
    (found,) = stored_plans(tmp_path, os.environb)
    assert found.question == ("script=/tool.py",)
    assert found.refused == "another version of multirt made it"
