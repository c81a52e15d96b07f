"""A `.python-version` names runtimes, and nothing else."""

from __future__ import annotations

import pytest

from runtimes import SpecError, read_version_file


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
    ],
)
def test_files(text: str, specs: list[str]) -> None:
    assert [str(spec) for spec in read_version_file(text)] == specs


@pytest.mark.parametrize(
    "text", ["../evil", "/bin/sh", "a/b", "..", "./x", "~", "a\\b", "3.12\n../../x", "pyhton3"]
)
def test_a_path_or_a_word_without_meaning_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        read_version_file(text)
