"""What a project configures, and what is taken where it says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multirt.config.project import read_project
from multirt.errors import ConfigError, MultirtError, NothingRanError
from multirt.matrix.config import read_config
from multirt.matrix.model import InstallMode, MissingRuntimePolicy

if TYPE_CHECKING:
    from pathlib import Path

    from multirt.matrix.model import Config

PROJECT = """\
[project]
name = "My.Demo"
requires-python = ">=3.8"
optional-dependencies = { speed = ["orjson"] }
[dependency-groups]
base = ["pytest"]
test = [{ include-group = "base" }, "hypothesis"]
lint = ["ruff"]
loop = [{ include-group = "loop" }]
"""
FULL = """\
[tool.multirt.matrix]
runtimes   = ["3.7", "3.8d", ">=3.9,<3.16", "py313t", "pypy310"]
package    = "sdist-wheel"
groups     = ["test"]
extras     = ["speed"]
deps       = ["coverage>=7"]
constraints = ["limits.txt"]
commands   = [["python", "-m", "pytest", "{posargs}"], "echo 'two words'"]
missing    = "skip"
allow-fail = ["3.15"]
own-wheel  = ["3.13t"]
build-runtime = "3.12"
build-deps = true
timeout    = 60
set-env    = { A = "1" }
pass-env   = ["CI"]

[tool.multirt.matrix.axes]
django = { "4.2" = ["Django>=4.2,<5"], "5.2" = ["Django>=5.2,<6"] }

[[tool.multirt.matrix.exclude]]
runtime = "<3.10"
django  = "5.2"

[[tool.multirt.matrix.override]]
when = { runtime = "pypy", platform = "linux*" }
deps = ["greenlet"]

[tool.multirt.matrix.tasks.lint]
runtimes = ["3.13"]
groups   = ["lint"]
commands = [["ruff", "check", "."]]
"""


def config(folder: Path, text: str, *, tests: bool = True) -> Config:
    (folder / "pyproject.toml").write_text(text)
    (folder / "limits.txt").write_text("attrs<26\n")
    if tests:
        (folder / "tests").mkdir(exist_ok=True)
        (folder / "tests/test_a.py").touch()
    return read_config(read_project(folder))


def test_every_key_is_read(tmp_path: Path) -> None:
    read = config(tmp_path, PROJECT + FULL)
    assert read.name == "my-demo"
    assert read.requires_python == ">=3.8"
    assert [str(each) for each in read.matrix.runtimes or ()] == [
        "3.7",
        "3.8d",
        "<3.16,>=3.9",
        "3.13t",
        "pypy@3.10",
    ]
    assert read.matrix.package is InstallMode.SDIST_WHEEL
    assert read.matrix.needs.requirements == ("pytest", "hypothesis", "coverage>=7")
    assert read.matrix.needs.extras == ("speed",)
    assert read.matrix.needs.constraints == (tmp_path / "limits.txt",)
    assert read.matrix.commands == (
        ("python", "-m", "pytest", "{posargs}"),
        ("echo", "two words"),
    )
    assert read.matrix.timeout == 60
    assert read.matrix.set_env == {"A": "1"}
    assert read.matrix.pass_env == ("CI",)
    assert read.missing is MissingRuntimePolicy.SKIP
    assert [str(each) for each in (*read.allow_fail, *read.own_wheel)] == ["3.15", "3.13t"]
    assert str(read.build_runtime) == "3.12"
    assert read.build_deps
    assert [name for name, _ in read.axes] == ["django"]
    assert read.exclude[0].axes == (("django", ("5.2",)),)
    assert read.overrides[0].when.platforms == ("linux*",)
    assert read.overrides[0].needs.requirements == ("greenlet",)
    assert read.tasks["lint"].package is InstallMode.SKIP
    assert read.notes == ()


@pytest.mark.parametrize(
    ("text", "notes", "requirements", "extras"),
    [
        pytest.param(
            PROJECT, "the tests require group test, for", ("pytest", "hypothesis"), (), id="group"
        ),
        pytest.param(
            '[project]\nname = "x"\noptional-dependencies = { tests = ["pytest"] }',
            "the tests require extra tests, for",
            (),
            ("tests",),
            id="extra",
        ),
        pytest.param(
            '[project]\nname = "x"',
            "the tests require pytest, for there is no group",
            ("pytest",),
            (),
            id="nothing",
        ),
    ],
)
def test_no_table_takes_what_is_usual_and_says_it(
    tmp_path: Path,
    text: str,
    notes: str,
    requirements: tuple[str, ...],
    extras: tuple[str, ...],
) -> None:
    read = config(tmp_path, text)
    assert any(each.startswith(notes) for each in read.notes)
    assert any("all that is installed and fits" in note for note in read.notes)
    assert read.matrix.runtimes is None
    assert read.matrix.needs.requirements == requirements
    assert read.matrix.needs.extras == extras
    assert read.matrix.commands == (("python", "-m", "pytest", "{posargs}"),)


def test_a_folder_that_cannot_be_built_is_tested_as_it_is(tmp_path: Path) -> None:
    read = config(tmp_path, "[tool.other]\n")
    assert read.matrix.package is InstallMode.SKIP
    assert any("package = skip" in note for note in read.notes)


def test_an_own_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "multirt.toml").write_text('[matrix]\nruntimes = ["3.12"]\n')
    assert str((config(tmp_path, PROJECT).matrix.runtimes or ())[0]) == "3.12"


def test_no_tests_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="no tests in") as caught:
        config(tmp_path, PROJECT, tests=False)
    assert isinstance(caught.value, NothingRanError)


HEAD = PROJECT + "[tool.multirt.matrix]\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param(
            HEAD + 'runtime = ["3.12"]', "has no key 'runtime'", "mean 'runtimes'?", id="key"
        ),
        pytest.param(
            HEAD + "[tool.multirt.matrix.tasks.a]\ncommand = []\ncommands = ['x']",
            "[tool.multirt.matrix.tasks.a] has no key 'command'",
            "mean 'commands'?",
            id="key of a task",
        ),
        pytest.param(HEAD + 'runtimes = ["3.13dt"]', "'3.13td'", None, id="runtime"),
        pytest.param(HEAD + "runtimes = []", "runtimes is empty", "auto", id="no runtimes"),
        pytest.param(HEAD + 'runtimes = ["auto", "3.9"]', "with others", "auto", id="auto"),
        pytest.param(HEAD + "runtimes = [3.12]", "not a list of strings", '["..."]', id="number"),
        pytest.param(HEAD + 'package = "whl"', "cannot be 'whl'", "sdist-wheel", id="package"),
        pytest.param(HEAD + 'groups = ["tset"]', "names a group", "'test'?", id="group"),
        pytest.param(HEAD + 'groups = ["loop"]', "[dependency-groups] loop", None, id="loop"),
        pytest.param(HEAD + 'extras = ["sped"]', "names an extra", "'speed'?", id="extra"),
        pytest.param(HEAD + 'deps = ["a b"]', "no requirement", None, id="requirement"),
        pytest.param(HEAD + 'constraints = ["no.txt"]', "not there: no.txt", None, id="file"),
        pytest.param(HEAD + 'lock = "pylock.toml"', "not there: pylock", None, id="lock"),
        pytest.param(HEAD + 'commands = "pytest"', "not a list of commands", "[[", id="commands"),
        pytest.param(HEAD + "commands = [[]]", "an empty command", None, id="empty command"),
        pytest.param(HEAD + 'commands = ["echo \'a"]', "cannot be read", None, id="quote"),
        pytest.param(HEAD + "timeout = 0", "not a number of seconds", None, id="timeout"),
        pytest.param(HEAD + "timeout = inf", "not a number of seconds", None, id="endless"),
        pytest.param(HEAD + "build-deps = 1", "neither true nor false", None, id="flag"),
        pytest.param(HEAD + "set-env = { A = 1 }", "not a table of strings", None, id="set-env"),
        pytest.param(HEAD + "axes = { runtime = {} }", "cannot name an axis", None, id="axis"),
        pytest.param(HEAD + "axes = { django = {} }", "has no values", None, id="no values"),
        pytest.param(HEAD + "exclude = [{ djano = '5' }]", "no key 'djano'", None, id="exclude"),
        pytest.param(HEAD + "override = [{ deps = [] }]", "when is missing", None, id="when"),
        pytest.param(HEAD + "tasks = { a = {} }", "commands is missing", None, id="task"),
        pytest.param(HEAD + "missing = 'ignore'", "be 'ignore'", "error, skip", id="missing"),
        pytest.param("[project", "invalid TOML", None, id="no TOML"),
    ],
)
def test_an_error_names_the_place_and_what_may_have_been_meant(
    tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    with pytest.raises(MultirtError) as caught:
        config(tmp_path, text)
    assert message in caught.value.message
    assert isinstance(caught.value, ConfigError)
    if hint is not None:
        assert hint in (caught.value.hint or "")


def test_two_configurations_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "multirt.toml").write_text("[matrix]\n")
    with pytest.raises(MultirtError, match="both"):
        config(tmp_path, HEAD)


def test_a_heading_of_pyproject_in_an_own_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "multirt.toml").write_text('[tool.multirt.matrix]\nruntimes = ["3.12"]\n')
    with pytest.raises(MultirtError, match="belongs into"):
        config(tmp_path, PROJECT)


def test_no_project_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MultirtError, match="no project in"):
        read_project(tmp_path)
