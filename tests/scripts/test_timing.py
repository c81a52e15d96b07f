"""Commands are timed in turns and compared round by round."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from timing import FailedError, Timed, Work, added, measure, ratio, table

if TYPE_CHECKING:
    from pathlib import Path


def _timed(name: str, *wall: float) -> Timed:
    return Timed(name=name, wall=wall, cpu=wall)


def test_commands_take_turns_and_warm_up() -> None:
    turns: list[str] = []
    works = [
        Work(name=name, argv=("sh", "-c", "exit 3"), before=turn, statuses=frozenset({3}))
        for name, turn in (("a", lambda: turns.append("a")), ("b", lambda: turns.append("b")))
    ]
    one, other = measure(works, rounds=2, warmups=1)
    assert "".join(turns) == "abbaab"
    assert (one.name, len(one.wall), len(other.cpu)) == ("a", 2, 2)
    assert all(seconds > 0 for seconds in one.wall)


def test_the_environment_is_all_of_it_and_output_can_be_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os; print(os.environ['MARK'], 'HOME' in os.environ)"
    work = Work(name="py", argv=(sys.executable, "-c", code), env={"MARK": "x"}, log=log)
    measure([work], rounds=1, warmups=0)
    assert log.read_text() == "x False\n"


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        pytest.param(("sh", "-c", "exit 4"), "ended with 4", id="status"),
        pytest.param(("sh", "-c", "kill -9 $$"), "ended with -9", id="signal"),
        pytest.param(("no-such-program",), "no such program", id="absent"),
    ],
)
def test_a_command_that_fails_is_no_measurement(argv: tuple[str, ...], text: str) -> None:
    with pytest.raises(FailedError, match=text):
        measure([Work(name="bad", argv=argv)], rounds=1)


def test_two_are_compared_round_by_round() -> None:
    base, other = _timed("base", 1.0, 10.0, 1.0), _timed("other", 2.0, 20.0, 2.5)
    assert ratio(other, base) == 2.0
    assert added(other, base) == 1.5
    lines = table([base, other], base=base).splitlines()
    assert [line.split()[0] for line in lines] == ["median", "base", "other"]
    assert lines[2].split()[1:3] == ["2500.0ms", "2000.0ms"]
    assert lines[2].endswith("2.00x")
