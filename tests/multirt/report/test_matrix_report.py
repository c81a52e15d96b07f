"""What a run amounts to: exit code, failing tests, and reports that are read back."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from abi_probe import Cause, Objection
from multirt.cli.matrix_run import write_results
from multirt.errors import MultirtError
from multirt.matrix.model import CellState, Excluded
from multirt.matrix.report import (
    exit_code,
    failing_tests,
    merge,
    rerun_all_command,
    rerun_commands,
    summary_line,
)
from multirt.report.matrix import KINDS, check_target, read_document, wanted, write
from multirt.report.matrix_html import page
from multirt.report.matrix_json import document_of
from multirt.report.matrix_markdown import markdown
from multirt.report.matrix_text import print_summary
from tests.factories.matrix import failed, passed, report, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multirt.matrix.model import CellReport, MatrixReport


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param([row("3.12")], 0, id="passed"),
        pytest.param([row("3.12"), row("3.11", CellState.FAILED)], 1, id="failed"),
        pytest.param([row("3.11", CellState.CRASHED)], 1, id="crashed"),
        pytest.param([row("3.11", CellState.TIMEOUT)], 1, id="timeout"),
        pytest.param([row("3.12"), row("3.11", CellState.FAILED, may_fail=True)], 0, id="may fail"),
        pytest.param([row("3.12"), row("3.11", CellState.MISSING)], 3, id="missing"),
        pytest.param([row("3.12"), row("3.11", CellState.SKIPPED)], 0, id="skipped"),
        pytest.param([row("3.11", CellState.SKIPPED)], 5, id="all skipped"),
        pytest.param([row("3.12"), row("3.13t", CellState.BLOCKED)], 3, id="blocked"),
        pytest.param(
            [row("3.12"), row("3.13t", CellState.BLOCKED, required=False)], 0, id="blocked, unasked"
        ),
        pytest.param(
            [row("3.12"), row("3.8", CellState.BROKEN_PROMISE, required=False)], 3, id="promise"
        ),
        pytest.param([row("3.12"), row("3.11", CellState.UNRESOLVED)], 4, id="unresolved"),
        pytest.param([row("3.12"), row("3.11", CellState.CANNOT_START)], 4, id="cannot start"),
        pytest.param(
            [row("3.12", CellState.FAILED), row("3.11", CellState.MISSING)],
            1,
            id="failed tests first",
        ),
        pytest.param([], 5, id="nothing"),
        pytest.param([row("3.12", CellState.FAILED, cases=())], 5, id="no tests"),
        pytest.param(
            [row("3.12"), row("3.11", CellState.FAILED, cases=())], 1, id="no tests on one of them"
        ),
        pytest.param([row("3.12", CellState.FAILED)], 1, id="tests that were not counted"),
    ],
)
def test_exit_code(rows: list[CellReport], code: int) -> None:
    assert exit_code(report(*rows)) == code


def test_an_interrupted_run_says_so() -> None:
    stopped = report(row("3.12"), row("3.11", CellState.INTERRUPTED), interrupted=True)
    assert exit_code(stopped) == 130
    assert summary_line(stopped) == "1 of 2 runtimes passed, 1 interrupted"


def test_failing_tests_are_reported_apart_by_what_they_say() -> None:
    found = failing_tests(
        [
            row("3.11", CellState.FAILED, failed(), failed("t.py::x", "old")),
            row("3.12", CellState.FAILED, failed(), failed("t.py::x", "new")),
            row("3.13", CellState.FAILED, failed(), passed("t.py::x")),
        ]
    )
    first, second = found
    assert first.everywhere
    assert first.shown[0][1] == ("3.11", "3.12", "3.13")
    assert not second.everywhere
    assert second.cells == ("3.11", "3.12")
    assert [(message, cells) for message, cells, _ in second.shown] == [
        ("old", ("3.11",)),
        ("new", ("3.12",)),
    ]


def test_each_cell_that_failed_can_be_repeated() -> None:
    rows = [
        row(
            "3.11", CellState.FAILED, failed("t.py::x[a b]"), passed("t.py::y"), takes_posargs=True
        ),
        row("3.12", CellState.FAILED, failed("t.py::x"), failed("t.py::y"), takes_posargs=True),
        row("lint", CellState.FAILED, failed("t.py::x")),
        row("3.13"),
        row("3.14t", CellState.BLOCKED),
    ]
    assert rerun_commands(report(*rows)) == (
        "multirt matrix -e 3.11 -- 't.py::x[a b]'",
        "multirt matrix -e 3.12",
        "multirt matrix -e lint",
    )


def test_a_cell_is_repeated_with_the_arguments_that_were_given() -> None:
    rows = [
        row("3.11", CellState.FAILED, failed(), takes_posargs=True),
        row("3.12", CellState.TIMEOUT),
    ]
    given = ("--project", "a b", "--wheel", "x.whl")
    ran = report(*rows, posargs=("-k", "x"), arguments=given)
    assert rerun_commands(ran) == (
        "multirt matrix --project 'a b' --wheel x.whl -e 3.11 -- -k x",
        "multirt matrix --project 'a b' --wheel x.whl -e 3.12 -- -k x",
    )
    assert (
        rerun_all_command(ran)
        == "multirt matrix --project 'a b' --wheel x.whl --last-failed -- -k x"
    )
    assert rerun_all_command(report(*rows)) == "multirt matrix --last-failed"


def full() -> MatrixReport:
    """Return a report with something of everything, hostile words included."""
    bad = failed("tests/test_a.py::test_b[<|\x00\ud800]", "assert '<' == '|`'\x1b[31m")
    return report(
        row(
            "3.11",
            CellState.FAILED,
            bad,
            passed("tests/test_a.py::test_c"),
            reason="tests failed",
            takes_posargs=True,
        ),
        row("3.12", CellState.PASSED, passed("tests/test_a.py::test_c")),
        row(
            "3.13t",
            CellState.BLOCKED,
            reason="no <wheel>",
            hint="build one",
            wheel=None,
            runtime=None,
        ),
        row(
            "3.14",
            CellState.CRASHED,
            reason="SIGSEGV (signal 11)",
            output="Fatal\x00",
            may_fail=True,
        ),
        excluded=(Excluded(name="3.8-django5.2", reason="excluded: runtime <3.10"),),
        notes=("group test",),
    )


def test_a_job_of_github_gets_the_report_into_its_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "step.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    assert write_results(full()) == 1
    first, _, rest = (tmp_path / "step.md").read_text().partition("\n")
    assert first == "before"
    assert "SIGSEGV (signal 11)" in rest


def test_a_document_is_read_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write(full(), "json", file)
    assert read_document(file) == full()
    document = json.loads(file.read_text())
    assert document["schema_version"] == 1
    assert document["exit_code"] == 1
    assert document["cells"][0]["counts"]["failed"] == 1


TIME = """{"schema_version": 1, "project": "x", "wheels": [], "cells": [], "excluded": [],
"notes": [], "interrupted": false, "seconds": 1.5}"""


def test_a_document_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(TIME)
    assert read_document(tmp_path / "a.json").seconds == 1.5


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param('{"schema_version": 1}', id="keys are missing"),
        pytest.param('{"schema_version": 2}', id="another version"),
        pytest.param("\x00", id="no JSON"),
        pytest.param("[" * 200_000, id="too deep"),
        pytest.param('{"schema_version": 1, "project": "x", "wheels": [', id="cut off"),
        pytest.param(TIME.replace("1.5", "NaN"), id="no time"),
        pytest.param(TIME.replace("1.5", "9" * 4000), id="a time that is too long"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    with pytest.raises(MultirtError):
        read_document(file)


def test_junit_has_a_suite_for_each_runtime(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    write(full(), "junit", file)
    suites = ET.parse(file).getroot().findall("testsuite")  # noqa: S314 - our own file
    assert [each.get("name") for each in suites] == ["3.11", "3.12", "3.13t", "3.14"]
    numbers = [tuple(each.get(key) for key in ("tests", "failures", "errors")) for each in suites]
    assert numbers == [("2", "1", "0"), ("1", "0", "0"), ("1", "0", "1"), ("1", "0", "0")]


def test_markdown_has_every_runtime_and_the_failing_test(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    write(full(), "md", file)
    text = file.read_text(errors="replace")
    assert "| 3.11 | same | 1 | 1 | 0 | 1.50 s | **failed** tests failed |" in text
    assert "**blocked** no \\<wheel\\>: build" in text
    assert "left out: excluded: runtime \\<3.10" in text
    assert "multirt matrix -e 3.11 -- " in text
    table = [line for line in text.splitlines() if line.startswith("| `tests")]
    assert len(table) == 1
    assert table[0].endswith("| **F** |  |")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written(tmp_path: Path, kind: str) -> None:
    write(full(), kind, tmp_path / "new" / "file")
    assert (tmp_path / "new" / "file").stat().st_size > 200


@pytest.mark.parametrize("text", ["json", "json=", "=a", "pdf=a"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(MultirtError, match="no report"):
        wanted(text)


def test_reports_of_one_wheel_are_merged() -> None:
    merged = merge([("a", report(row("3.11"), seconds=2.0)), ("b", report(row("3.12")))])
    assert [each.name for each in merged.cells] == ["3.11", "3.12"]
    assert len(merged.wheels) == 1
    assert merged.seconds == 2.0


def other_wheel() -> MatrixReport:
    wheel = replace(report().wheels[0], sha256="cd" * 32)
    return report(row("3.12", wheel="cd" * 32), wheels=(wheel,))


def other_release() -> MatrixReport:
    wheel = replace(report().wheels[0], file="demo-1.1-py3-none-any.whl", sha256="cd" * 32)
    return report(row("3.12", wheel="cd" * 32), wheels=(wheel,))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(other_wheel(), "different wheels: demo-1.0", id="wheels"),
        pytest.param(
            other_release(), "different wheels: demo-1.0 in a, demo-1.1 in b", id="release"
        ),
        pytest.param(report(row("3.11")), "3.11 is in a and in b", id="cell"),
        pytest.param(report(row("3.12"), project="x"), "a is of demo, b of x", id="project"),
    ],
)
def test_reports_that_do_not_belong_together_are_refused(
    second: MatrixReport, message: str
) -> None:
    with pytest.raises(MultirtError) as caught:
        merge([("a", report(row("3.11"))), ("b", second)])
    assert message in caught.value.message


def test_a_report_is_not_merged_with_itself() -> None:
    with pytest.raises(MultirtError, match=r"3\.11 is in a and in a"):
        merge([("a", report(row("3.11"))), ("a", report(row("3.11")))])


def test_where_no_report_can_be_written_is_reported_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert check_target(tmp_path / "new/report.html") == tmp_path / "new/report.html"
    for folder in (tmp_path, tmp_path / "file/report.html"):
        with pytest.raises(MultirtError, match="cannot write"):
            check_target(folder)


def _unserved() -> MatrixReport:
    """Return a report of cells with one reason in texts that differ, and of one that passed."""
    blocked = [
        row(
            name,
            CellState.BLOCKED,
            wheel=None,
            reason=f"demo 1 requires Python >=3.11, this is {name}.0",
            objection=Objection(
                cause=Cause.PACKAGE_PYTHON,
                facts=(("requires-python", ">=3.11"),),
                need="demo 1 requires Python >=3.11",
                here=f", this is {name}.0",
            ),
        )
        for name in ("3.7", "3.8", "3.9")
    ]
    left_out = tuple(
        Excluded(name=name, reason="it has no venv module", runtime=f"cpython-{name}.0")
        for name in ("3.4", "3.5", "3.6")
    )
    return report(*blocked, row("3.12", CellState.PASSED, passed()), excluded=left_out, seconds=1.5)


def test_cells_that_are_blocked_for_one_reason_share_a_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_summary(_unserved())
    shown = capsys.readouterr().out
    assert [line.split("  ")[0] for line in shown.splitlines() if "blocked" in line] == [
        "CPython 3.7 to 3.9",
        "blocked",
        "1 of 4 runtimes passed, 3 blocked in 1.50 s: exit code 3",
    ]
    assert "blocked  CPython 3.7 to 3.9: demo 1 requires Python >=3.11\n" in shown
    assert "left out  CPython 3.4 to 3.6: it has no venv module\n" in shown


@pytest.mark.parametrize("written", [markdown, page])
def test_reports_name_runtimes_with_one_reason_as_a_range(
    written: Callable[[MatrixReport], str],
) -> None:
    text = html.unescape(written(_unserved()).replace("\\", ""))
    assert text.count("demo 1 requires Python >=3.11") == 1
    assert "CPython 3.7 to 3.9" in text
    assert "CPython 3.4 to 3.6" in text


def test_a_document_has_no_other_keys_for_what_only_the_summary_groups_by() -> None:
    document = document_of(_unserved())
    assert not any("objection" in cell for cell in document["cells"])
    assert document["excluded"][0] == {"name": "3.4", "reason": "it has no venv module"}
