"""A `.python-version` names runtimes and environments, and nothing else counts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from runtimes import read_version_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        pytest.param("3.12.1\n", ["3.12.1"], id="one"),
        pytest.param("3.12.1\n3.11\n", ["3.12.1", "3.11"], id="lines"),
        pytest.param("3.12 3.11\n", ["3.12", "3.11"], id="words"),
        pytest.param("# ours\n\n3.12 # and why\n#3.11\n", ["3.12"], id="comments"),
        pytest.param("\ufeff3.12\r\n", ["3.12"], id="windows"),
        pytest.param("pypy3.10\nsystem\n", ["pypy@3.10", "python"], id="pyenv-words"),
        pytest.param("3.13t", ["3.13t"], id="no-newline"),
        pytest.param("", [], id="empty"),
        pytest.param("3.12-dev", ["3.12"], id="pyenv-development"),
        pytest.param("3.13t-dev", ["3.13t"], id="pyenv-free-threaded-development"),
        pytest.param("pypy3.9-7.3.11", ["pypy@3.9"], id="pyenv-pypy"),
        pytest.param("pypy3.10-7.3.12-src", ["pypy@3.10"], id="pyenv-pypy-source"),
        pytest.param("pypy-5.7.1", ["pypy"], id="pyenv-pypy-by-its-own-version"),
        pytest.param("pypy-c-jit-latest", ["pypy"], id="pyenv-pypy-nightly"),
        pytest.param("graalpy-22.3.0", ["graalpy"], id="graalpy"),
        pytest.param("graalpy-community-23.1.0", ["graalpy"], id="graalpy-community"),
        pytest.param("pyston-2.3.5", ["pyston"], id="pyston"),
        pytest.param("micropython-1.18", ["micropython"], id="micropython"),
        pytest.param("stackless-2.7-dev", ["stackless@2.7"], id="stackless"),
        pytest.param("3.12:latest", ["3.12"], id="pyenv-latest"),
        pytest.param("cpython-3.12.1-linux-x86_64-gnu", ["cpython@3.12.1"], id="uv-key"),
        pytest.param(
            "cpython-3.13.0+freethreaded-linux-x86_64-gnu", ["cpython@3.13.0t"], id="uv-variant"
        ),
        pytest.param("3.13+freethreaded", ["3.13t"], id="uv-free-threaded"),
        pytest.param("cpython@3.12", ["cpython@3.12"], id="uv-request"),
        pytest.param(">=3.9 <3.13", ["<3.13,>=3.9"], id="setup-python-range"),
        pytest.param("3.9 - 3.11", ["<3.12,>=3.9"], id="hyphen-range"),
        pytest.param("^3.11", ["<4,>=3.11"], id="caret"),
        pytest.param("~3.12", ["==3.12.*"], id="tilde"),
        pytest.param("~=3.11", ["~=3.11"], id="compatible"),
        pytest.param("3.9 || 3.11", ["3.9", "3.11"], id="alternatives"),
        pytest.param("3.x", ["3"], id="setup-python-x"),
        pytest.param("3.14.0-beta.4", ["3.14.0b4"], id="setup-python-beta"),
        pytest.param("pypy3.10-v7.3.12", ["pypy@3.10"], id="setup-python-pypy"),
        pytest.param("pypy3.10-nightly", ["pypy@3.10"], id="setup-python-pypy-nightly"),
        pytest.param("prefix:3.12", ["3.12"], id="mise-prefix"),
        pytest.param("latest", ["python"], id="mise-latest"),
    ],
)
def test_words_of_version_managers_are_specs(text: str, specs: list[str]) -> None:
    found = read_version_file(text)
    assert [str(spec) for spec in found.specs] == specs
    assert found.unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        "../evil",
        "/bin/sh",
        "a/b",
        "..",
        "./x",
        "~",
        "a\\b",
        "3.12\n../../x",
        "pyhton3",
        "myproject",
        "miniconda3-latest",
        "ref:main",
        "path:/opt/python",
        "^x",
        "==",
    ],
)
def test_a_path_or_a_word_without_meaning_is_unknown(text: str) -> None:
    assert read_version_file(text).unknown == (text.rsplit("\n", maxsplit=1)[-1],)


@pytest.mark.parametrize("name", ["myproject", "3.12.1/envs/mine", "miniconda3-latest"])
def test_a_name_of_pyenv_is_its_interpreter(tmp_path: Path, name: str) -> None:
    python = tmp_path / name / "bin/python"
    assert read_version_file(name, tmp_path).looked == (python,)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    found = read_version_file(name, tmp_path)
    assert [each.path for each in found.specs] == [str(python)]


def test_a_name_leads_out_of_no_folder_of_pyenv(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    for name in ("..", "../versions/..", "x/envs/../../.."):
        assert read_version_file(name, tmp_path / "versions").specs == ()
