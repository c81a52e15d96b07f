"""The places of the words after `--` in a command."""

from __future__ import annotations

import pytest

from multirt.config.posargs import expand_posargs, restore_posargs, split_command, takes_posargs


@pytest.mark.parametrize(
    ("line", "usual", "given"),
    [
        pytest.param("pytest -q", ["pytest", "-q"], ["pytest", "-q"], id="no place"),
        pytest.param("pytest {posargs}", ["pytest"], ["pytest", "-k", "a b"], id="no defaults"),
        pytest.param(
            "pytest {posargs:-n auto 'my tests'} -x",
            ["pytest", "-n", "auto", "my tests", "-x"],
            ["pytest", "-k", "a b", "-x"],
            id="defaults",
        ),
        pytest.param(
            "sh -c 'pytest {posargs:tests}'",
            ["sh", "-c", "pytest tests"],
            ["sh", "-c", "pytest -k 'a b'"],
            id="in a word",
        ),
        pytest.param(
            "pytest {posargs:--basetemp {envtmpdir}}",
            ["pytest", "--basetemp", "{envtmpdir}"],
            ["pytest", "-k", "a b"],
            id="a folder among the defaults",
        ),
    ],
)
def test_words_take_the_place_of_defaults(line: str, usual: list[str], given: list[str]) -> None:
    command = split_command(line)
    assert list(expand_posargs(command, ())) == usual
    assert list(expand_posargs(command, ("-k", "a b"))) == (
        given if takes_posargs(command) else usual
    )


@pytest.mark.parametrize(
    ("marked", "usual", "command"),
    [
        pytest.param("pytest M -x", "pytest a 'b c' -x", ["{posargs:a 'b c'}", "-x"], id="words"),
        pytest.param("pytest M", "pytest", ["{posargs}"], id="nothing"),
        pytest.param("pytest M_out", "pytest docs_out", ["{posargs:docs}_out"], id="in a word"),
        pytest.param("pytest M M", "pytest a b", ["{posargs}", "{posargs}"], id="several"),
    ],
)
def test_defaults_are_found_beside_a_mark(marked: str, usual: str, command: list[str]) -> None:
    assert list(restore_posargs(split_command(marked), split_command(usual), "M"))[1:] == command
