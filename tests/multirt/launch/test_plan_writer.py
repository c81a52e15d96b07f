"""When no plan is written, and what becomes of many."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.launch.plan_key import plan_query
from multirt.launch.plan_writer import LaunchCommand, PlanNotSafeError, prune, write_plan
from tests.multirt.launch.conftest import resting_on

if TYPE_CHECKING:
    from pathlib import Path

_START = LaunchCommand(executable="/bin/echo", arguments=())
_SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("later", "written"),
    [
        pytest.param(-_SECOND, False, id="changed while deciding"),
        pytest.param(0, False, id="changed as deciding began"),
        pytest.param(10_000_000, False, id="changed within a tick before"),
        pytest.param(3 * _SECOND, True, id="changed long before"),
    ],
)
def test_what_changed_just_now_could_change_once_more_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: int, *, written: bool
) -> None:
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path / "cache"))
    question = plan_query([b"/tool.py"], b"/", {})
    assert question is not None
    file = tmp_path / "file"
    file.write_text("")
    os.utime(file, ns=(0, 0))  # whatever its own time says, its change is now
    inputs = replace(resting_on(file), since=file.stat().st_ctime_ns + later)
    if written:
        assert write_plan(question, inputs, _START).is_file()
        return
    with pytest.raises(PlanNotSafeError, match="changed only just now"):
        write_plan(question, inputs, _START)
    assert not (tmp_path / "cache").exists()


def test_what_was_made_for_the_start_counts_once_it_has_rested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path / "cache"))
    question = plan_query([b"/tool.py"], b"/", {})
    assert question is not None
    made = tmp_path / "made"
    made.write_text("")
    inputs = replace(resting_on(), since=0, made=(str(made),))
    assert os.fsencode(made) in write_plan(question, inputs, _START).read_bytes()


def test_the_folder_of_plans_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path))
    question = plan_query([b"/tool.py"], b"/", {})
    assert question is not None
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "plans").symlink_to("elsewhere")
    with pytest.raises(PlanNotSafeError, match="it is a link"):
        write_plan(question, resting_on(), _START)
    (tmp_path / "plans").unlink()
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans").chmod(0o777)
    with pytest.raises(PlanNotSafeError, match="other users can write it"):
        write_plan(question, resting_on(), _START)
    (tmp_path / "plans").rmdir()
    plan = write_plan(question, resting_on(), _START)
    assert (plan.stat().st_mode & 0o777, plan.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_least_recently_used_go(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"{number:02}"
        path.write_text("")
        os.utime(path, (number, 5))
    assert prune(tmp_path, most=20, enough=10) == 0
    assert prune(tmp_path, most=19, enough=10) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{n}" for n in range(10, 20)]


def test_a_folder_that_counts_shows_by_itself_what_comes_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTIRT_CACHE_DIR", str(tmp_path / "cache"))
    question = plan_query([b"/tool.py"], b"/", {})
    assert question is not None
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "leads_nowhere").symlink_to(tmp_path / "later")
    inside = [folder / "absent", folder / "leads_nowhere"]
    alone = write_plan(question, resting_on(*inside), _START).read_bytes()
    assert all(b"A" + os.fsencode(path) + b"\0" in alone for path in inside)
    together = write_plan(question, resting_on(folder, *inside), _START).read_bytes()
    assert os.fsencode(inside[0]) not in together
    assert os.fsencode(inside[1]) in together  # no change of the folder tells where that leads
