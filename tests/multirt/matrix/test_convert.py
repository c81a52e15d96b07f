"""What is taken over from other runners, and what is written for GitHub."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from multirt.errors import MultirtError
from multirt.matrix.convert import (
    IMPORTS,
    WORKFLOW,
    group_unsupported,
    to_toml,
    unsupported_settings,
)
from multirt.matrix.convert.to_toml import ExternalEnv, ImportedConfig
from multirt.matrix.convert.tox_names import split_env_name
from multirt.matrix.model import InstallMode

NOTHING = {"PATH": "/nowhere"}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no other runner be here, though they may be installed next to us."""
    for name in IMPORTS:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("name", "runtime", "factors"),
    [
        pytest.param("py312", "3.12", (), id="compact"),
        pytest.param("3.14t-django52", "3.14t", ("django52",), id="dotted"),
        pytest.param("pypy310", "pypy3.10", (), id="PyPy"),
        pytest.param("lint", None, (), id="no runtime"),
        pytest.param("docs-py", None, (), id="runtime last"),
    ],
)
def test_names_of_tox(name: str, runtime: str | None, factors: tuple[str, ...]) -> None:
    assert split_env_name(name) == (runtime, factors)


OLD = ("p", "x<2")
NEW = ("p", "x>2")


def _table(*environments: ExternalEnv) -> dict[str, Any]:
    """Return the table that some environments amount to."""
    text = to_toml(ImportedConfig(environments=environments))
    table: dict[str, Any] = tomllib.loads(text)["tool"]["multirt"]["matrix"]
    return table


def _foreign(runtime: str, *factors: str, deps: tuple[str, ...] = ("p",)) -> ExternalEnv:
    return ExternalEnv(
        name="-".join((runtime, *factors)),
        runtime=runtime,
        factors=factors,
        deps=deps,
        commands=(("t",),),
    )


def test_what_differs_becomes_an_override_and_gaps_become_exclusions() -> None:
    table = _table(
        _foreign("3.8", "x1", deps=OLD),
        _foreign("3.12", "x1", deps=OLD),
        replace(_foreign("3.12", "x2", deps=NEW), commands=(("t",), ("u",))),
        _foreign("3.13", "x2", deps=(*NEW, "q")),
    )
    assert table["axes"] == {"x": {"1": ["x<2"], "2": ["x>2"]}}
    assert table["exclude"] == [{"runtime": "3.8", "x": "2"}, {"runtime": "3.13", "x": "1"}]
    assert table["override"] == [
        {"when": {"runtime": "3.12", "x": "2"}, "commands": [["t"], ["u"]]},
        {"when": {"runtime": "3.13"}, "deps": ["q"]},
    ]


def test_an_environment_without_a_factor_is_not_forgotten() -> None:
    table = _table(_foreign("3.8"), _foreign("3.12"), _foreign("3.12", "x2", deps=NEW))
    assert table["axes"] == {"x": {"none": [], "2": ["x>2"]}}
    assert table["exclude"] == [{"runtime": "3.8", "x": "2"}]


def test_factors_of_several_names_keep_them() -> None:
    table = _table(_foreign("3.8", "a1"), _foreign("3.8", "b1"))
    assert table["axes"] == {"variant1": {"a1": [], "b1": []}}


def test_what_a_configuration_cannot_say_is_named() -> None:
    environments = (
        replace(_foreign("3.8", "x1"), may_fail=True),
        _foreign("3.8", "x2"),
        replace(_foreign("3.12", "x1"), package=InstallMode.EDITABLE),
        replace(_foreign("3.13", "x1"), may_fail=True, pass_env=("A",)),
        ExternalEnv(name="idle", runtime=None),
    )
    assert unsupported_settings(ImportedConfig(environments=environments)) == (
        "idle, which has no commands",
        "ignore_outcome of 3.8-x1",
        "package 'editable' of 3.12-x1",
        "pass_env of 3.13-x1",
    )
    assert _table(*environments)["allow-fail"] == ["3.13"]


@pytest.mark.parametrize(
    ("runner", "message"),
    [
        pytest.param("tox", "tox is not here", id="tox"),
        pytest.param("nox", "nox is not here", id="nox"),
        pytest.param("hatch", "hatch is not here", id="hatch"),
    ],
)
@pytest.mark.usefixtures("alone")
def test_what_is_not_there_is_reported(tmp_path: Path, runner: str, message: str) -> None:
    with pytest.raises(MultirtError, match=message):
        IMPORTS[runner](tmp_path, NOTHING)


def test_sessions_of_nox_run_in_our_environments(tmp_path: Path) -> None:
    rows = """[{"session": "t-3.9(dj='4')", "name": "t", "python": "3.9", "call_spec": {"dj": "4"}},
        {"session": "t-3.9(dj='5')", "name": "t", "python": "3.9", "call_spec": {"dj": "5"}},
        {"session": "l", "name": "l", "python": null}]"""
    env = _tool(tmp_path / "bin/nox", rows)
    imported = IMPORTS["nox"](tmp_path, env)
    table = tomllib.loads(to_toml(imported))["tool"]["multirt"]["matrix"]
    assert table["runtimes"] == ["3.9"]
    (command,) = table["commands"]
    assert " ".join(command) == "nox -s t(dj='4') -fb none --no-install -- {posargs}"
    assert table["axes"] == {"dj": {"4": [], "5": []}}
    (override,) = table["override"]
    assert (override["when"], override["commands"][0][2]) == ({"dj": "5"}, "t(dj='5')")
    assert "l" in table["tasks"]
    assert imported.lost[-1].startswith("what sessions install is code")


def test_environments_of_hatch(tmp_path: Path) -> None:
    document = """{"default": {"type": "virtual"},
        "test.py3.9-4.2": {"python": "3.9", "dependencies": ["pytest"], "features": ["speed"],
            "scripts": {"docs": ["make"], "unit": ["pytest tests", "- coverage report"]},
            "pre-install-commands": ["make"]},
        "lint": {"scripts": {"check": ["ruff check"]}},
        "hatch-test.py3.9": {"python": "3.9"}}"""
    env = _tool(tmp_path / "bin/hatch", document)
    matrix = '[[envs.test.matrix]]\npython = ["3.9"]\ndjango = ["4.2", "5.2"]\n'
    (tmp_path / "hatch.toml").write_text(f"{matrix}[envs.lint]\n")
    (tmp_path / "pyproject.toml").touch()
    imported = IMPORTS["hatch"](tmp_path, env)
    assert imported.lost == (
        "environment lint",
        "pre-install-commands of test",
        "script docs of test",
        "the - before 'coverage report' of test.py3.9-4.2",
    )
    table = tomllib.loads(to_toml(imported))["tool"]["multirt"]["matrix"]
    assert table["commands"] == [["pytest", "tests", "{posargs}"], ["coverage", "report"]]
    assert table["extras"] == ["speed"]
    assert table["axes"] == {"django": {"4.2": []}}


# What tox says of a project: nothing at once, as one environment cannot be made.
FAKE = """#!{python}
import json, sys
words = sys.argv[1:]
value = lambda option: words[words.index(option) + 1]
def environment(name):
    home = value("--workdir") + "/" + name
    if "base_python" in words and "env_dir" not in words:
        return {{"base_python": [name]}}
    command = home + "/bin/python -m pytest --basetemp " + home + "/tmp " + (
        value("--") if "--" in words else "-n auto")
    return {{"env_dir": home, "env_tmp_dir": home + "/tmp", "commands_pre": ["prepare"],
        "commands": [command], "deps": ["x @ file:///x", "git+https://x"], "package": "editable",
        "set_env": {{"error": "Skip()"}} if name == "py38" else {{"OUT": home + "_out"}}}}
names = [value("-e")] if "-e" in words else ["py38", "py39", "py310"]
if "-e" not in words and "env_dir" in words or names == ["py310"]:
    sys.exit("\\x1b[31mno such runtime\\x1b[0m\\n ")
open(value("-o"), "w").write(json.dumps({{"env": {{each: environment(each) for each in names}}}}))
"""


def test_environments_of_tox_are_asked_one_by_one_where_one_fails(tmp_path: Path) -> None:
    env = _tool(tmp_path / "bin/tox", "")
    (tmp_path / "bin/tox").write_text(FAKE.format(python=sys.executable))
    (tmp_path / "tox.toml").write_text("skip_missing_interpreters = true\n")
    imported = IMPORTS["tox"](tmp_path, env)
    assert [*group_unsupported(imported.lost)] == [
        "set_env, which tox cannot say where the runtime is not here, of py38",
        "git+https://x of py38, py39",
        "{work_dir}, for which {envtmpdir} stands, of py39",
        "environment py310: tox does not say its configuration: no such runtime",
    ]
    table = tomllib.loads(to_toml(imported))["tool"]["multirt"]["matrix"]
    assert table == {
        "runtimes": ["3.8", "3.9"],
        "package": "editable",
        "deps": ["x @ file:///x"],
        "commands": [
            ["prepare"],
            ["python", "-m", "pytest", "--basetemp", "{envtmpdir}", "{posargs:-n auto}"],
        ],
        "missing": "skip",
        "override": [{"when": {"runtime": "3.9"}, "set-env": {"OUT": "{envtmpdir}/py39_out"}}],
    }


def test_a_runner_that_fails_is_quoted(tmp_path: Path) -> None:
    env = _tool(tmp_path / "bin/hatch", "broken: no such table")
    with pytest.raises(MultirtError, match="no such table"):
        IMPORTS["hatch"](tmp_path, env)


def _tool(path: Path, says: str) -> dict[str, str]:
    """Return variables with a program on PATH that says something, whatever it is asked."""
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{says}\nEND\n")
    path.chmod(0o755)
    return {"PATH": str(path.parent)}


def test_the_workflow_of_the_documentation_is_the_one_that_is_written() -> None:
    assert WORKFLOW in (ROOT / "docs/how-to/ci.md").read_text(encoding="utf-8")
