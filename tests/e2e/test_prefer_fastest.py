"""`--prefer fastest`: a planted history decides, where it is certain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from multirt.experiments.bench_model import content_of, machine_key
from multirt.experiments.history import History
from multirt.program import read_program
from multirt.program.model import EntryPoint, ProgramKind
from tests.factories.records import record
from tests.interpreters import release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Command, Require

V310 = release("3.10")
V312 = release("3.12")


USUAL, OTHER = f"cpython-{V312}", f"cpython-{V310}"


@pytest.fixture
def planted(tmp_path: Path, require: Require) -> Callable[[float], list[str]]:
    """Return a function that plants how fast 3.10 is next to 3.12, and gives the options."""
    script = tmp_path / "tool.py"
    script.write_text("import sys; print(sys.version_info[1])\n")
    program = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text=str(script)), tmp_path, None)

    def plant(seconds: float) -> list[str]:
        key = {"program": str(script), "content": content_of(program), "machine": machine_key()}
        locations = {USUAL: require("3.12"), OTHER: require("3.10")}
        times = {USUAL: 1.0, OTHER: seconds}
        records = [
            replace(
                record(name, times[name]),
                session=str(seconds),
                executable=str(path),
                program=key["program"],
                content=key["content"],
                machine=key["machine"],
            )
            for name, path in locations.items()
        ]
        History(path=tmp_path / "data" / "history.sqlite3").append(records)
        options = [part for path in locations.values() for part in ("--python", str(path))]
        return ["--prefer", "fastest", *options]

    return plant


def test_the_fastest_is_started(
    multirt: Command, tmp_path: Path, planted: Callable[[float], list[str]]
) -> None:
    options, data = planted(0.5), {"MULTIRT_DATA_DIR": str(tmp_path / "data")}
    done = multirt("run", *options, "tool.py", **data)
    assert (done.stdout, done.stderr) == ("10\n", "")
    shown = multirt("explain", *options, "tool.py", **data)
    assert "also fit: CPython 3.12" in shown.stdout
    assert f"measured: {OTHER} 2.00x (2.00-2.00) as fast as {USUAL}" in shown.stdout
    document = json.loads(multirt("explain", *options, "--json", "tool.py", **data).stdout)
    assert (document["chosen"], document["usual"]) == (OTHER, USUAL)
    assert document["measured"][0]["ratio"]["significant"] is True
    assert str(tmp_path / "data" / "history.sqlite3") in document["rests_on"]["read"]
    (tmp_path / "tool.py").write_text("import sys; print('changed', sys.version_info[1])\n")
    assert multirt("run", *options, "tool.py", **data).stdout == "changed 12\n"


@pytest.mark.parametrize(
    ("seconds", "margin", "minor"),
    [
        pytest.param(0.95, (), "12", id="below the margin"),
        pytest.param(0.95, ("--fastest-margin", "2"), "10", id="above a smaller margin"),
        pytest.param(2.0, (), "12", id="slower"),
    ],
)
def test_a_gain_has_to_be_worth_it(  # noqa: PLR0913 - a table's columns and fixtures
    multirt: Command,
    tmp_path: Path,
    planted: Callable[[float], list[str]],
    *,
    seconds: float,
    margin: tuple[str, ...],
    minor: str,
) -> None:
    options = planted(seconds)
    done = multirt("run", *options, *margin, "tool.py", MULTIRT_DATA_DIR=str(tmp_path / "data"))
    assert done.stdout.strip() == minor


def test_a_plan_carries_the_answer(
    multirt: Command, tmp_path: Path, planted: Callable[[float], list[str]]
) -> None:
    options = ["run", *planted(0.95), "--fastest-margin", "2", "tool.py"]
    data = {"MULTIRT_DATA_DIR": str(tmp_path / "data"), "MULTIRT_LOG": "debug"}
    first, second = multirt(*options, **data), multirt(*options, **data)
    assert (first.stdout, second.stdout) == ("10\n", "10\n")
    assert "wrote plan" in first.stderr
    assert second.stderr == ""
    planted(3.0)
    after = multirt(*options, **data)
    assert (after.stdout, "this has changed" in after.stderr) == ("12\n", True)


def test_a_preference_that_means_nothing_is_reported(multirt: Command, tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("")
    for arguments in (("--prefer", "slowest"), ("--fastest-margin", "much")):
        done = multirt("run", *arguments, "tool.py")
        assert (done.returncode, arguments[1] in done.stderr) == (2, True)


def test_settings_prefer_the_fastest_too(
    multirt: Command, tmp_path: Path, planted: Callable[[float], list[str]]
) -> None:
    options = planted(0.95)[2:]
    (tmp_path / "multirt.toml").write_text('prefer = "fastest"\nfastest-margin = 2\n')
    data = {"MULTIRT_DATA_DIR": str(tmp_path / "data")}
    assert multirt("run", *options, "tool.py", **data).stdout == "10\n"
    assert multirt("run", *options, "tool.py", **data).stdout == "10\n"
    planted(3.0)  # what was measured since counts, whatever the plan of the last start says
    assert multirt("run", *options, "tool.py", **data).stdout == "12\n"
    (tmp_path / "multirt.toml").write_text('prefer = "fastest"\nfastest-margin = "much"\n')
    assert "not a number of percent" in multirt("run", *options, "tool.py", **data).stderr


def test_nothing_measured_is_the_usual_choice(
    multirt: Command, tmp_path: Path, planted: Callable[[float], list[str]]
) -> None:
    options, data = planted(0.5), {"MULTIRT_DATA_DIR": str(tmp_path / "none")}
    assert multirt("run", *options, "tool.py", **data).stdout == "12\n"
    assert "nothing of this very program" in multirt("explain", *options, "tool.py", **data).stdout
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "history.sqlite3").write_text("no database, and quite long enough")
    done = multirt("run", *options, "tool.py", **data)
    assert done.stdout == "12\n"
    assert "the usual choice stands" in done.stderr
