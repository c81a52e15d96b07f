"""Settings: who says what, who is heard, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.config import CliSettings, ConfigContext, Configuration, Prefer, configure
from multirt.errors import MultirtError
from multirt.program import read_program
from multirt.program.model import EntryPoint, ProgramKind
from multirt.report.explanations import note_text
from runtimes import RuntimeSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PROJECT = "[project]\n{}\n"
_BLOCK = "# /// script\n{}\n# ///\n"


def _configured(
    folder: Path, cli_settings: CliSettings | None = None, env: Mapping[str, str] | None = None
) -> Configuration:
    """Return the settings of `tool.py` in a folder."""
    program = read_program(EntryPoint(kind=ProgramKind.SCRIPT, text="tool.py"), folder)
    locations = ConfigContext(cwd=folder, env=env or {}, user_config=folder / "user.toml")
    return configure(program, cli_settings or CliSettings(), locations)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which every place says another runtime."""
    (tmp_path / "tool.py").write_text(_BLOCK.format('# [tool.multirt]\n# runtimes = ["3.9"]'))
    (tmp_path / "pyproject.toml").write_text('[tool.multirt]\nruntimes = ["3.10"]\n')
    (tmp_path / "multirt.toml").write_text('runtimes = ["3.11"]\nprefer = "oldest"\n')
    (tmp_path / ".python-version").write_text("3.12\n")
    (tmp_path / "user.toml").write_text('runtimes = "3.13"\nprefer = "active"\n')
    return tmp_path


def test_who_is_shown_first(folder: Path) -> None:
    received = []
    cli_settings = CliSettings(specs=(RuntimeSpec.parse("3.7"),))
    variable = {"MULTIRT_PYTHON": "3.8"}
    received.append(_configured(folder, cli_settings, variable).specs)
    received.append(_configured(folder, None, variable).specs)
    for gone in ("tool.py", "pyproject.toml", "multirt.toml", ".python-version", "user.toml"):
        received.append(_configured(folder).specs)
        (folder / gone).unlink()
        (folder / "tool.py").touch()
    received.append(_configured(folder).specs)
    printed = [",".join(map(str, specs)) for specs in received]
    assert printed == ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", ""]


@pytest.mark.parametrize(
    ("cli_settings", "specs", "prefer"),
    [
        pytest.param(CliSettings(use_project=False), "3.13", Prefer.ACTIVE, id="no project"),
        pytest.param(CliSettings(use_config=False), "3.12", None, id="no settings"),
        pytest.param(CliSettings(isolated=True), "", None, id="isolated"),
        pytest.param(CliSettings(prefer=Prefer.NEWEST), "3.10", Prefer.NEWEST, id="option"),
    ],
)
def test_what_is_left_out(
    folder: Path, cli_settings: CliSettings, specs: str, prefer: Prefer | None
) -> None:
    (folder / "tool.py").write_text("")
    found = _configured(
        folder, cli_settings, {"MULTIRT_PYTHON": "3.8"} if cli_settings.isolated else {}
    )
    assert ",".join(map(str, found.specs)) == specs
    assert (found.prefer.value if found.prefer else None) is prefer


def test_each_setting_names_its_place(folder: Path) -> None:
    found = _configured(folder)
    assert found.runtimes is not None
    assert found.runtimes.origin == "[tool.multirt] of tool.py"
    assert found.prefer is not None
    assert found.prefer.origin == str(folder / "multirt.toml")
    assert folder / "multirt.toml" in found.read
    assert folder / "user.toml" in found.read
    (folder / "multirt.toml").unlink()
    assert folder / "multirt.toml" in _configured(folder).absent


def test_a_folder_that_is_named_counts_instead(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text('[tool.multirt]\nruntimes = ["pypy"]\n')
    (folder / "tool.py").write_text("")
    assert list(map(str, _configured(folder, CliSettings(project=other)).specs)) == ["pypy"]
    with pytest.raises(MultirtError, match="no such folder"):
        _configured(folder, CliSettings(project=tmp_path / "gone"))


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        pytest.param("multirt.toml", 'runtimez = ["3"]', "has no key 'runtimez'", id="key"),
        pytest.param("multirt.toml", "runtimes = 3", "is not a list of strings", id="kind"),
        pytest.param("multirt.toml", 'runtimes = ["3.13dt"]', "did you mean '3.13td'", id="spec"),
        pytest.param("multirt.toml", 'needs = ["jitt"]', "needs cannot be 'jitt'", id="word"),
        pytest.param("multirt.toml", 'whole-site = "yes"', "neither true nor false", id="flag"),
        pytest.param("multirt.toml", "prefer = 1", "is not a list of strings", id="prefer"),
        pytest.param("multirt.toml", "a = [", "invalid TOML", id="TOML"),
        pytest.param("pyproject.toml", "tool = 1", None, id="another's table"),
        pytest.param("pyproject.toml", "[tool]\nmultirt = 1", "is not a table", id="table"),
        pytest.param(
            "pyproject.toml", "[project]\nrequires-python = 'soon'", "means nothing", id="pin"
        ),
        pytest.param(
            "pyproject.toml", _PROJECT.format("dependencies = 'a'"), "not a list", id="list"
        ),
        pytest.param(
            "pyproject.toml", "[project]\ndependencies = ['a b']", "means nothing", id="item"
        ),
        pytest.param("user.toml", 'implementaton = "pypy"', "has no key", id="the user's"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(
    tmp_path: Path, file: str, content: str, text: str | None
) -> None:
    (tmp_path / "tool.py").write_text("")
    (tmp_path / file).write_text(content)
    if text is None:
        assert _configured(tmp_path) is not None
        return
    with pytest.raises(MultirtError) as caught:
        _configured(tmp_path)
    assert text in str(caught.value)
    assert file in str(caught.value)


def test_the_nearest_known_word_is_offered(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(_BLOCK.format("# [tool.multirt]\n# implementations = 'pypy'"))
    with pytest.raises(MultirtError) as caught:
        _configured(tmp_path)
    assert caught.value.hint == "did you mean 'implementation'?"


@pytest.mark.parametrize(
    ("pin", "requires", "left", "notes"),
    [
        pytest.param("3.9", ">=3.10", "", 1, id="outside"),
        pytest.param("3.9\n3.12", ">=3.10", "3.12", 1, id="one of two"),
        pytest.param("3.12", ">=3.10", "3.12", 0, id="inside"),
        pytest.param("3.9.1", ">=3.9.2", "", 1, id="a full version"),
        pytest.param("3", ">=3.10", "3", 0, id="major only"),
        pytest.param("pypy", ">=3.10", "pypy", 0, id="an implementation"),
    ],
)
def test_the_stricter_of_two_counts_and_both_are_named(
    tmp_path: Path, pin: str, requires: str, left: str, notes: int
) -> None:
    (tmp_path / "tool.py").write_text(_BLOCK.format(f'# requires-python = "{requires}"'))
    (tmp_path / ".python-version").write_text(pin)
    found = _configured(tmp_path)
    assert ",".join(map(str, found.specs)) == left
    assert len(found.notes) == notes
    for note in found.notes:
        text = note_text(note)
        assert str(tmp_path / ".python-version") in text
        assert f"tool.py requires Python {requires}" in text


@pytest.mark.parametrize(
    ("line", "shebang_spec"),
    [
        pytest.param("#!/usr/bin/python2.7", "2.7", id="path"),
        pytest.param("#!/usr/bin/env python3", "3", id="env"),
        pytest.param("#!/usr/bin/env -S python3.11 -u", "3.11", id="options"),
        pytest.param("#!/usr/bin/env pypy3", "pypy@3", id="implementation"),
        pytest.param("#!/usr/bin/env python", None, id="any"),
        pytest.param("#!/usr/bin/env multirt", None, id="ours"),
        pytest.param("#!/usr/bin/env -S uv run --script", None, id="another runner"),
        pytest.param("x = 1", None, id="no line"),
    ],
)
def test_the_first_line_names_a_runtime(
    tmp_path: Path, line: str, shebang_spec: str | None
) -> None:
    (tmp_path / "tool.py").write_text(f"{line}\n")
    found = _configured(tmp_path).shebang_spec
    assert (str(found.value) if found else None) == shebang_spec


def test_a_project_counts_for_programs_without_a_block(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nrequires-python = ">=3.10"\ndependencies = ["six"]\n'
    )
    (tmp_path / "tool.py").write_text("")
    found = _configured(tmp_path)
    assert [str(each.value) for each in found.requires] == [">=3.10"]
    assert [str(each.value) for each in found.requirements] == ["six"]
    (tmp_path / "tool.py").write_text(_BLOCK.format("# dependencies = []"))
    found = _configured(tmp_path)
    assert (found.requires, found.requirements) == ((), ())
