"""What counts as a change of a project: its files, what they link to, what a build looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.matrix.source_digest import DigestCache, digest, read_written_reports, record_reports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def state_of(root: Path, env: dict[str, str], written: dict[str, str]) -> str:
    """Return the digest of a project, with what was seen the last time."""
    seen = DigestCache(root.parent / "seen.json")
    found = digest(root, seen, env, written)
    seen.keep()
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a module, a link to a folder next to it, and a build script."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src/demo.py").write_text("VALUE = 1\n")
    (root / "setup.py").write_text("import os\nif os.environ.get('DEMO_NATIVE'): pass\n")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/shared.py").write_text("x = 1\n")
    (tmp_path / "one.py").write_text("x = 1\n")
    (root / "src/shared").symlink_to(tmp_path / "beside")
    (root / "src/one.py").symlink_to(tmp_path / "one.py")
    (root / "src/again.py").symlink_to("demo.py")
    return root


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "src/demo.py").write_text("VALUE = 2\n"), id="edit"),
        pytest.param(lambda root: (root / "src/demo.py").chmod(0o755), id="mode"),
        pytest.param(lambda root: (root / "src/more.py").touch(), id="file"),
        pytest.param(lambda root: (root / "src/again.py").unlink(), id="removed"),
        pytest.param(lambda root: (root / "src/one.py").write_text("x = 2\n"), id="linked file"),
        pytest.param(
            lambda root: (root.parent / "beside/shared.py").write_text("x = 22\n"),
            id="linked folder",
        ),
    ],
)
def test_a_change_is_seen(project: Path, change: Callable[[Path], object]) -> None:
    before = state_of(project, {}, {})
    change(project)
    assert state_of(project, {}, {}) != before


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        pytest.param("CFLAGS", True, id="compiler"),
        pytest.param("SETUPTOOLS_SCM_PRETEND_VERSION", True, id="backend"),
        pytest.param("DEMO_NATIVE", True, id="named in setup.py"),
        pytest.param("SHLVL", False, id="shell"),
        pytest.param("EDITOR", False, id="other"),
    ],
)
def test_a_variable_that_a_build_looks_at_counts(project: Path, name: str, *, counts: bool) -> None:
    values = {state_of(project, env, {}) for env in ({}, {name: "1"}, {name: "2"})}
    assert len(values) == (3 if counts else 1)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("src/demo.pyc", id="bytecode"),
        pytest.param("build/lib/demo.py", id="output"),
        pytest.param(".tox/x", id="environments"),
    ],
)
def test_what_tools_leave_behind_does_not_count(project: Path, name: str) -> None:
    before = state_of(project, {}, {})
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).touch()
    assert state_of(project, {}, {}) == before


def test_a_report_of_ours_is_no_source_until_somebody_edits_it(
    project: Path, tmp_path: Path
) -> None:
    state, before = tmp_path / "state", state_of(project, {}, {})
    report = project / "report.html"
    report.write_text("<html>")
    record_reports(state, [project / "src/../report.html", project / "none.json"])
    assert state_of(project, {}, read_written_reports(state)) == before
    report.write_text("<html>edited")
    assert state_of(project, {}, read_written_reports(state)) != before


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_note_that_is_damaged_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "reports.json").write_text(content)
    assert read_written_reports(tmp_path) == {}
