"""Where a command line's options end and the program begins."""

from __future__ import annotations

import pytest

from multirt.cli.argv import move_flags_ahead, separate_program, split_shebang_args

_VALUED = {"--python", "-p", "--with"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("tool.py -x", "-- tool.py -x", id="no options"),
        pytest.param("-p 3.8 tool.py -p", "-p 3.8 -- tool.py -p", id="a value"),
        pytest.param("--python=3.8 tool.py", "--python=3.8 -- tool.py", id="joined value"),
        pytest.param("--isolated tool.py", "--isolated -- tool.py", id="flag"),
        pytest.param("-m json.tool --help", "-- -m json.tool --help", id="module"),
        pytest.param("--with a -c 1 -c", "--with a -- -c 1 -c", id="code"),
        pytest.param("- -x", "-- - -x", id="stdin"),
        pytest.param("-- tool.py -- x", "-- tool.py -- x", id="one is taken away"),
        pytest.param("--isolated -- -m x", "--isolated -- -m x", id="after options"),
        pytest.param("--help", "--help", id="no program"),
        pytest.param("--python", "--python", id="a value is missing"),
    ],
)
def test_options_end_at_the_program(line: str, expected: str) -> None:
    assert separate_program(line.split(), _VALUED) == expected.split()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["--", "a.py", "--json"], ["--json", "--", "a.py"], id="after"),
        pytest.param(["-v", "--", "-m", "--json", "x"], ["-v", "--", "-m", "--json", "x"], id="-m"),
        pytest.param(["--json"], ["--json"], id="no program"),
    ],
)
def test_flags_of_commands_that_only_look(arguments: list[str], expected: list[str]) -> None:
    assert move_flags_ahead(arguments, {"--json", "-v"}) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ["run --python pypy", "/s", "a"], ["run", "--python", "pypy", "/s", "a"], id="run"
        ),
        pytest.param(
            ["--python '>=3.9, <4'", "/s"], ["run", "--python", ">=3.9, <4", "/s"], id="options"
        ),
        pytest.param(["run it", "/s"], ["run", "it", "/s"], id="any words"),
        pytest.param(["my tool.py", "/s"], ["my tool.py", "/s"], id="a name with a space"),
        pytest.param(["run 'x", "/s"], ["run 'x", "/s"], id="an open quote"),
        pytest.param(["run a"], ["run a"], id="no script"),
    ],
)
def test_the_one_argument_of_a_first_line(arguments: list[str], expected: list[str]) -> None:
    assert split_shebang_args(arguments, {"run", "list"}) == expected
