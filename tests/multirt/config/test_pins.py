"""The files in which uv, pyenv, mise and asdf pin a Python."""

from __future__ import annotations

import pytest

from multirt.config.files import pinned


@pytest.mark.parametrize(
    ("name", "text", "specs"),
    [
        pytest.param(".python-version", "3.12\n", ["3.12"], id="pyenv"),
        pytest.param(".python-versions", "3.12\n3.11\n", ["3.12", "3.11"], id="uv"),
        pytest.param(
            ".tool-versions", "node 20\npython 3.12.1 3.11 # x\n", ["3.12.1", "3.11"], id="asdf"
        ),
        pytest.param(".tool-versions", "pythonic 3\n\nnode 20\n", [], id="asdf-without"),
        pytest.param("mise.toml", "[tools]\npython = '3.12'\n", ["3.12"], id="mise"),
        pytest.param(
            "mise.toml", "tools.python = ['3.12', '3.11']", ["3.12", "3.11"], id="mise-list"
        ),
        pytest.param(
            ".mise.toml",
            "[tools]\npython = { version = '3.12', virtualenv = '.venv' }",
            ["3.12"],
            id="mise-table",
        ),
        pytest.param("mise.toml", "[tools]\nnode = '20'\n", [], id="mise-without"),
        pytest.param("mise.toml", "tools = 3", [], id="mise-no-table"),
        pytest.param("mise.toml", "[tools]\npython = 3", [], id="mise-number"),
    ],
)
def test_what_a_file_pins(name: str, text: str, specs: list[str]) -> None:
    assert pinned(name, text).split() == specs


def test_invalid_toml_is_an_error_of_the_file() -> None:
    with pytest.raises(ValueError, match="table declaration"):
        pinned("mise.toml", "[tools")
