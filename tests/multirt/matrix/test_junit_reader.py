"""The names of tests in pytest's reports, as pytest takes them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.matrix import junit_reader as junit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("classname", "name", "file", "expected"),
    [
        pytest.param(
            "tests.test_a",
            "test_b[x-1]",
            "tests/test_a.py",
            "tests/test_a.py::test_b[x-1]",
            id="function",
        ),
        pytest.param(
            "tests.test_a.TestA.Inner",
            "test_b",
            "tests/test_a.py",
            "tests/test_a.py::TestA::Inner::test_b",
            id="class",
        ),
        pytest.param(
            "tests.test_a.TestA",
            "test_b",
            "tests/__init__.py",
            "tests/test_a.py::TestA::test_b",
            id="inherited from another file",
        ),
        pytest.param(
            "tests.test_a",
            "test_b",
            "../lib/plugin.py",
            "tests/test_a.py::test_b",
            id="made elsewhere",
        ),
        pytest.param(
            "nowhere.test_a",
            "test_b",
            "tests/x.py",
            "tests/x.py::nowhere::test_a::test_b",
            id="neither",
        ),
        pytest.param("", "tests.test_a", "tests/test_a.py", "tests/test_a.py", id="collection"),
    ],
)
def test_the_name_of_a_test(
    tmp_path: Path, classname: str, name: str, file: str, expected: str
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    report = tmp_path / "report.xml"
    report.write_text(
        f'<testsuites><testsuite><testcase classname="{classname}" name="{name}" file="{file}"/>'
        "</testsuite></testsuites>"
    )
    assert [each.id for each in junit.read_junit(report, tmp_path) or ()] == [expected]


@pytest.mark.parametrize("content", ["", "<testsuites><testsuite>", "\x00"])
def test_what_is_cut_off_is_no_report(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.xml").write_text(content)
    assert junit.read_junit(tmp_path / "report.xml", tmp_path) is None
    assert junit.read_junit(tmp_path / "none.xml", tmp_path) is None
